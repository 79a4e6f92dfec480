import { describe, expect, it } from 'vitest'
import type { Allocation, FlagEntry, Variant } from '~/api/flags'
import { rolloutWords, servingLines, soleVariant, variantWords } from './serving'

const variant = (id: string, name: string, value: string): Variant => ({
  id,
  key: id,
  name,
  value,
  created_at: '',
  updated_at: '',
})
const flag = { archived_at: null, variants: [variant('on', 'On', 'true'), variant('off', 'Off', 'false')] }
const entry = (more: Partial<FlagEntry> = {}): FlagEntry => ({
  environment_id: 'e',
  environment_name: 'Production',
  environment_queries: [],
  status: 'ENABLED',
  is_production: true,
  require_feature_flag_approval: false,
  observe_full_evaluation_data: false,
  default_variant_id: 'off',
  default_allocation_key: '',
  override_allocation_key: '',
  ...more,
})
const allocation = (more: Partial<Allocation> = {}): Allocation => ({
  id: 'a',
  key: 'a',
  name: 'A',
  type: 'FEATURE_GATE',
  order_position: 0,
  environment_ids: [],
  targeting_rules: [],
  variant_weights: [{ id: 'w', value: 100, variant_id: 'on', created_at: '', updated_at: '' }],
  current_exposure_ratio: 1,
  guardrail_metrics: [],
  warnings: [],
  created_at: '',
  updated_at: '',
  ...more,
})
const words = (...args: Parameters<typeof servingLines>) => servingLines(...args).map(line => line.words)

describe('what a flag serves', () => {
  it('is the default of the code while the flag is off, or its off variant', () => {
    expect(words(flag, entry({ status: 'DISABLED' }))).toEqual(['Applications use the default in their code'])
    expect(words(flag, entry({ status: 'DISABLED', off_variant_id: 'off' }))).toEqual(['Everybody gets Off (false)'])
  })
  it('is the override for everybody, whatever the allocations say', () => {
    const overridden = entry({ override_variant_id: 'on', allocations: [allocation()] as never })
    expect(words(flag, overridden)).toEqual(['Everybody gets On (true), by an override'])
  })
  it('is what allocations say in their order, and then the default', () => {
    expect(words(flag, entry())).toEqual(['Everybody gets Off (false)'])
    const staff = allocation({
      targeting_rules: [
        {
          id: 'r',
          created_at: '',
          updated_at: '',
          conditions: [
            { id: 'c', attribute: 'plan', operator: 'EQUALS', value: ['staff'], created_at: '', updated_at: '' },
          ],
        },
      ],
    })
    expect(words(flag, entry({ allocations: [staff] as never }))).toEqual([
      'Users whose plan is staff get On',
      'Everybody else gets Off (false)',
    ])
  })
  it('leaves out the default where an allocation lets everybody in', () => {
    expect(words(flag, entry({ allocations: [allocation()] as never }))).toEqual(['Everybody gets On'])
  })
  it('can be asked for as if it was switched', () => {
    expect(words(flag, entry(), false)).toEqual(['Applications use the default in their code'])
  })
  it('is nothing once the flag is archived', () => {
    expect(words({ ...flag, archived_at: 'then' }, entry())[0]).toContain('archived')
  })
})

describe('the one variant that everybody gets', () => {
  it('is the default when there is no allocation', () => {
    expect(soleVariant(flag, entry())?.key).toBe('off')
  })
  it('is that of an allocation for everybody', () => {
    expect(soleVariant(flag, entry({ allocations: [allocation()] as never }))?.key).toBe('on')
  })
  it('does not exist while a rollout is under way', () => {
    const partly = allocation({ current_exposure_ratio: 0.5 })
    expect(soleVariant(flag, entry({ allocations: [partly] as never }))).toBeNull()
  })
  it('is not changed by an allocation that lets nobody in', () => {
    const closed = allocation({ current_exposure_ratio: 0 })
    expect(soleVariant(flag, entry({ allocations: [closed] as never }))?.key).toBe('off')
  })
  it('is unknown to the server while the flag is off without an off variant', () => {
    expect(soleVariant(flag, entry({ status: 'DISABLED' }))).toBeNull()
  })
})

describe('a variant', () => {
  it('is named with its value where that is short and says more', () => {
    expect(variantWords({ name: 'On', value: 'true' })).toBe('On (true)')
    expect(variantWords({ name: 'Red', value: 'red' })).toBe('Red')
    expect(variantWords({ name: 'Large', value: '{"limit":500,"kinds":["a"]}' })).toBe('Large')
  })
})

describe('switching a flag', () => {
  const withRollout = (status: string, pause_reason: string | null = null, autostart = false) =>
    entry({
      allocations: [
        allocation({ exposure_schedule: { status, pause_reason, rollout_options: { autostart } } as never }),
      ] as never,
    })
  it('pauses the rollout that runs there, and lets it go on', () => {
    expect(rolloutWords(withRollout('RUNNING'), false)).toContain('pauses')
    expect(rolloutWords(withRollout('PAUSED', 'inactive'), true)).toContain('goes on')
    expect(rolloutWords(withRollout('PAUSED', 'user'), true)).toBeNull()
  })
  it('starts one that starts by itself', () => {
    expect(rolloutWords(withRollout('NOT_STARTED', null, true), true)).toContain('starts by itself')
    expect(rolloutWords(withRollout('NOT_STARTED'), true)).toBeNull()
    expect(rolloutWords(entry(), false)).toBeNull()
  })
})
