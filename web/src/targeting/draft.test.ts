import { describe, expect, it } from 'vitest'
import type { Allocation, FlagEntry } from '~/api/flags'
import { allocationDraft, copyOf, draftOf, keyFrom, same, sent } from './draft'

const at = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' }
const shown: Allocation = {
  id: 'a1',
  key: 'ramp',
  name: 'Ramp',
  type: 'CANARY',
  order_position: 0,
  environment_ids: ['e1'],
  experiment_id: null,
  targeting_rules: [
    {
      id: 'r1',
      ...at,
      conditions: [
        { id: 'c1', attribute: 'plan', operator: 'ONE_OF', value: ['beta'], saved_filter_id: null, ...at },
        { id: 'c2', attribute: null, operator: null, value: null, saved_filter_id: 'f1', ...at },
      ],
    },
  ],
  variant_weights: [{ id: 'w1', value: 100, variant_id: 'v1', ...at }],
  current_exposure_ratio: 0.1,
  exposure_schedule: {
    id: 's1',
    allocation_id: 'a1',
    control_variant_id: 'v2',
    absolute_start_time: null,
    rollout_options: { strategy: 'UNIFORM_INTERVALS', autostart: false, selection_interval_ms: 60_000 },
    rollout_steps: [
      {
        id: 't1',
        allocation_exposure_schedule_id: 's1',
        order_position: 0,
        exposure_ratio: 0.1,
        interval_ms: 60_000,
        is_pause_record: false,
        grouped_step_index: 0,
        ...at,
      },
    ],
    guardrail_triggers: [],
    status: 'RUNNING',
    current_exposure_ratio: 0.1,
    ...at,
  },
  guardrail_metrics: [{ metric_id: 'errors', trigger_action: 'ABORT', triggered_by: null }],
  warnings: [],
  ...at,
}

describe('a draft', () => {
  it('sends back what the server showed, with the ids of all that goes on', () => {
    expect(sent(allocationDraft(shown))).toEqual({
      id: 'a1',
      key: 'ramp',
      name: 'Ramp',
      type: 'CANARY',
      experiment_id: null,
      targeting_rules: [
        { conditions: [{ attribute: 'plan', operator: 'ONE_OF', value: ['beta'] }, { saved_filter_id: 'f1' }] },
      ],
      variant_weights: [{ variant_id: 'v1', value: 100 }],
      exposure_schedule: {
        id: 's1',
        control_variant_id: 'v2',
        absolute_start_time: null,
        rollout_options: { strategy: 'UNIFORM_INTERVALS', autostart: false, selection_interval_ms: 60_000 },
        rollout_steps: [
          { id: 't1', exposure_ratio: 0.1, interval_ms: 60_000, is_pause_record: false, grouped_step_index: 0 },
        ],
      },
      guardrail_metrics: [{ metric_id: 'errors', trigger_action: 'ABORT' }],
    })
  })

  it('has allocations in the order of evaluation, however they are shown', () => {
    const entry = (allocations: FlagEntry['allocations']) => ({ status: 'ENABLED', allocations }) as FlagEntry
    const [first, second] = [shown, { ...shown, id: 'a2', key: 'aaa', order_position: 1 }]
    const ids = (entry: FlagEntry) => draftOf(entry).allocations.map(({ id }) => id)
    expect(ids(entry({ aaa: second, ramp: first }))).toEqual(['a1', 'a2'])
    expect(ids(entry([first, second]))).toEqual(['a1', 'a2'])
    expect(ids(entry(null))).toEqual([])
  })

  it('names no ids in a copy', () => {
    const copy = sent(copyOf(allocationDraft(shown), [allocationDraft(shown)]))
    expect(copy.id).toBeUndefined()
    expect(copy.key).toBe('ramp-copy')
    expect(copy.exposure_schedule?.id).toBeUndefined()
    expect(copy.exposure_schedule?.rollout_steps[0]?.id).toBeUndefined()
  })

  it('makes keys of names', () => {
    expect(keyFrom('Größe: Beta users!', [])).toBe('größe-beta-users')
    expect(keyFrom('Beta', ['beta', 'beta-2'])).toBe('beta-3')
    expect(keyFrom('—', [])).toBe('allocation')
  })

  it('is the same whatever the order of members, and not that of lists', () => {
    expect(same({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true)
    expect(same([1, 2], [2, 1])).toBe(false)
    expect(same({ a: null }, {})).toBe(false)
    expect(same([], {})).toBe(false)
  })
})
