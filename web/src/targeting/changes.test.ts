import { describe, expect, it } from 'vitest'
import type { Variant } from '~/api/flags'
import { changesInWords, differencesBetween } from './changes'
import type { AllocationDraft, Draft } from './draft'

const variant = (id: string, key: string, name: string): Variant => ({
  id,
  key,
  name,
  value: key,
  created_at: '',
  updated_at: '',
})
const variants = [variant('v1', 'on', 'On'), variant('v2', 'off', 'Off')]
const names = { variants, filter: () => undefined }
const allocation = (id: string, more: Partial<AllocationDraft> = {}): AllocationDraft => ({
  id,
  key: `key-${id}`,
  name: id.toUpperCase(),
  type: 'FEATURE_GATE',
  experiment_id: null,
  targeting_rules: [],
  variant_weights: [{ variant_id: 'v1', value: 100 }],
  exposure_schedule: null,
  guardrail_metrics: [],
  ...more,
})
const draft = (allocations: AllocationDraft[], more: Partial<Draft> = {}): Draft => ({
  enabled: true,
  default_variant_id: 'v2',
  override_variant_id: null,
  off_variant_id: null,
  allocations,
  ...more,
})
const beta = [{ conditions: [{ attribute: 'plan', operator: 'ONE_OF' as const, value: ['beta'] }] }]

describe('changes in words', () => {
  it('are none where nothing changes', () => {
    expect(changesInWords(draft([allocation('a')]), draft([allocation('a')]), names)).toEqual([])
  })

  it('say what happens to whom', () => {
    const before = draft([allocation('a'), allocation('b')])
    const after = draft([allocation('b', { targeting_rules: beta }), allocation('new-1', { name: 'New' })], {
      enabled: false,
      override_variant_id: 'v1',
      default_variant_id: 'v1',
    })
    expect(changesInWords(before, after, names).map(({ kind, what, details }) => [kind, what, details[0]])).toEqual([
      [
        'changed',
        'Turn off',
        'Everybody gets the default in the code of the application, whatever the allocations say',
      ],
      ['changed', 'Override', 'Everybody gets On, whatever the allocations say'],
      ['changed', 'Default variant', 'Whom no allocation takes gets On instead of Off'],
      ['removed', 'A', 'Whom it took goes on to what comes after it. It was: Everybody gets On'],
      ['changed', 'B', 'It is for users whose plan is beta instead of everybody'],
      ['added', 'New', 'At place 2: Everybody gets On'],
    ])
  })

  it('say that the order changed only when those that stay changed places', () => {
    const [a, b] = [allocation('a'), allocation('b')]
    expect(changesInWords(draft([a, b]), draft([allocation('new-1'), a, b]), names)).toHaveLength(1)
    expect(changesInWords(draft([a, b]), draft([b, a]), names)).toEqual([
      { kind: 'changed', what: 'Order', details: ['First to last: B and A'] },
    ])
  })
})

describe('differences between drafts', () => {
  it('name allocations and variants by their keys', () => {
    const before = draft([allocation('a')])
    const after = draft([allocation('a', { targeting_rules: beta })], { override_variant_id: 'v1' })
    expect(differencesBetween(before, after, variants)).toEqual([
      { path: '/override_variant', before: null, after: 'on' },
      { path: '/allocations/key-a/targeting_rules/0', before: undefined, after: beta[0] },
    ])
  })

  it('show what is added and removed whole, and the order apart', () => {
    const [a, b] = [allocation('a'), allocation('b')]
    const paths = (before: Draft, after: Draft) => differencesBetween(before, after, variants).map(({ path }) => path)
    expect(paths(draft([a]), draft([b]))).toEqual(['/allocations/key-b', '/allocations/key-a'])
    expect(paths(draft([a, b]), draft([b, a]))).toEqual(['/allocations'])
  })
})
