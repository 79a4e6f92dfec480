import { describe, expect, it } from 'vitest'
import type { Environment } from '~/api/flags'
import { evenWeights, faultsOf, pointerTo, renamed, requestOf, weightSum } from './draft'
import { outlookOf } from './outlook'
import { draftFrom, retyped, templateOf } from './templates'

const environment = (id: string, is_production: boolean): Environment => ({
  id,
  key: id,
  name: id,
  queries: [id],
  is_production,
  require_feature_flag_approval: false,
  observe_full_evaluation_data: false,
  created_at: '',
  updated_at: '',
})
const environments = [environment('dev', false), environment('prod', true)]
const [dev, prod] = environments as [Environment, Environment]
const named = (template: string) => renamed(draftFrom(templateOf(template), environments), 'New checkout')

describe('the key', () => {
  it('follows the name until somebody writes it', () => {
    expect(named('blank').key).toBe('new-checkout')
    expect(renamed({ ...named('blank'), key: 'mine', isKeyOwn: true }, 'Other').key).toBe('mine')
  })
})

describe('a release', () => {
  it('is off everywhere, and its ramp waits to be started', () => {
    const draft = named('release')
    const { attributes } = requestOf(draft, environments).data
    expect(attributes.default_variant_key).toBe('off')
    expect(attributes.allocations).toMatchObject([
      {
        environment_id: 'dev',
        key: 'new-checkout-rollout-dev',
        variant_weights: [{ variant_key: 'on', value: 100 }],
        exposure_schedule: { rollout_options: { autostart: false } },
      },
      { environment_id: 'prod' },
    ])
    expect(outlookOf(draft, prod)).toEqual({
      isOn: false,
      now: ['Applications use the default in their code.'],
      later: [
        'Everybody gets On; ramps 5 %, 25 %, 50 % and 100 % over 3 h once it is started.',
        'Everybody else gets Off (false).',
      ],
    })
  })
  it('has no ramp where none is wanted', () => {
    const draft = named('release')
    const without = { ...draft, environments: { ...draft.environments, dev: { isOn: true, hasAllocation: false } } }
    expect(requestOf(without, environments).data.attributes.allocations).toHaveLength(1)
    expect(outlookOf(without, dev).now).toEqual(['Everybody gets Off (false).'])
  })
})

describe('a kill switch', () => {
  it('is permanent and on for everybody at once', () => {
    const draft = named('kill-switch')
    expect(requestOf(draft, environments).data.attributes).toMatchObject({
      staleness_status: 'PERMANENT',
      default_variant_key: 'on',
    })
    expect(outlookOf(draft, prod).now).toEqual(['Everybody gets On (true).'])
  })
})

describe('a split', () => {
  it('gives every variant its share', () => {
    expect(outlookOf(named('split'), prod).later[0]).toBe('50 % of everybody get Control, the others Treatment.')
  })
  it('is refused while the shares do not sum to 100', () => {
    const draft = named('split')
    const [first, ...others] = draft.variants
    const wrong = {
      ...draft,
      variants: [{ ...(first as never as object), weight: 20 }, ...others] as typeof draft.variants,
    }
    expect(faultsOf(draft).size).toBe(0)
    expect(faultsOf(wrong).get(pointerTo('weights'))).toContain('70 %')
  })
  it.each([1, 2, 3, 6, 7])('of %i variants is as even as possible', count => {
    const draft = named('split')
    const variants = evenWeights(count).map((weight, id) => ({ ...(draft.variants[0] as never as object), id, weight }))
    expect(weightSum({ ...draft, variants: variants as typeof draft.variants })).toBe(100)
  })
})

describe('faults', () => {
  it('stand at the place that the server would name', () => {
    const draft = retyped(draftFrom(templateOf('blank'), environments), 'INTEGER')
    const [variant] = draft.variants
    const wrong = {
      ...draft,
      key: ' x',
      variants: [
        { ...variant, value: '1.5' },
        { ...variant, id: 1 },
      ],
    }
    expect([...faultsOf(wrong as typeof draft).keys()]).toEqual([
      '/data/attributes/name',
      '/data/attributes/key',
      '/data/attributes/variants/0/value',
      '/data/attributes/variants/1/key',
    ])
  })
})
