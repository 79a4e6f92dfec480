import { describe, expect, it } from 'vitest'
import type { AllocationDraft, Draft } from './draft'
import { merged } from './merge'

const allocation = (id: string, more: Partial<AllocationDraft> = {}): AllocationDraft => ({
  id,
  key: id,
  name: id.toUpperCase(),
  type: 'FEATURE_GATE',
  experiment_id: null,
  targeting_rules: [],
  variant_weights: [{ variant_id: 'on', value: 100 }],
  exposure_schedule: null,
  guardrail_metrics: [],
  ...more,
})
const draft = (allocations: AllocationDraft[], more: Partial<Draft> = {}): Draft => ({
  enabled: true,
  default_variant_id: 'off',
  override_variant_id: null,
  off_variant_id: null,
  allocations,
  ...more,
})
const [a, b, c] = [allocation('a'), allocation('b'), allocation('c')]
const ids = (result: { draft: Draft }) => result.draft.allocations.map(({ id }) => id)
const beta = [{ conditions: [{ attribute: 'plan', operator: 'ONE_OF' as const, value: ['beta'] }] }]
const split = [
  { variant_id: 'on', value: 50 },
  { variant_id: 'off', value: 50 },
]

describe('a merge', () => {
  it('takes what only one side changed from that side', () => {
    const mine = draft([allocation('a', { targeting_rules: beta }), b], { enabled: false })
    const theirs = draft([allocation('a', { variant_weights: split }), allocation('b', { name: 'Bee' })], {
      default_variant_id: 'on',
    })
    const result = merged(draft([a, b]), mine, theirs)
    expect(result.clashes).toEqual([])
    expect(result.draft).toEqual(
      draft([allocation('a', { targeting_rules: beta, variant_weights: split }), allocation('b', { name: 'Bee' })], {
        enabled: false,
        default_variant_id: 'on',
      }),
    )
  })

  it('lists what both changed differently, and keeps theirs until somebody chooses', () => {
    const mine = draft([allocation('a', { name: 'Mine' })], { override_variant_id: 'on' })
    const theirs = draft([allocation('a', { name: 'Theirs' })], { override_variant_id: 'off' })
    const result = merged(draft([a]), mine, theirs)
    expect(result.draft).toEqual(theirs)
    expect(result.clashes.map(({ id, mine, theirs }) => [id, mine, theirs])).toEqual([
      ['override_variant_id', 'on', 'off'],
      ['a/name', 'Mine', 'Theirs'],
    ])
    const chosen = merged(draft([a]), mine, theirs, { 'a/name': 'mine' })
    expect(chosen.draft.allocations[0]?.name).toBe('Mine')
    expect(chosen.draft.override_variant_id).toBe('off')
    expect(chosen.clashes).toHaveLength(2)
  })

  it('finds no clash where both did the same', () => {
    const both = draft([allocation('a', { variant_weights: split })])
    expect(merged(draft([a]), both, structuredClone(both))).toEqual({ draft: both, clashes: [] })
  })

  it('keeps what either added, behind what it stood behind', () => {
    const mine = draft([a, allocation('new-1'), b])
    const theirs = draft([allocation('t'), a, b, allocation('u')])
    expect(ids(merged(draft([a, b]), mine, theirs))).toEqual(['t', 'a', 'new-1', 'b', 'u'])
  })

  it('removes what one removed and the other left alone', () => {
    expect(ids(merged(draft([a, b, c]), draft([b, c]), draft([a, b])))).toEqual(['b'])
  })

  it('asks where one removed what the other changed', () => {
    const changed = allocation('a', { name: 'Changed' })
    const removedByMe = merged(draft([a]), draft([]), draft([changed]))
    expect(removedByMe.draft.allocations).toEqual([changed])
    expect(removedByMe.clashes.map(({ member }) => member)).toEqual(['allocation'])
    expect(merged(draft([a]), draft([]), draft([changed]), { a: 'mine' }).draft.allocations).toEqual([])

    const removedByThem = merged(draft([a]), draft([changed]), draft([]), { a: 'mine' })
    const again = removedByThem.draft.allocations[0]
    expect(again?.name).toBe('Changed')
    expect(again?.id).toMatch(/^new-/)
    expect(merged(draft([a]), draft([changed]), draft([])).draft.allocations).toEqual([])
  })

  it('takes the order of whoever changed it', () => {
    const base = draft([a, b, c])
    expect(ids(merged(base, draft([c, a, b]), draft([a, allocation('t'), b, c])))).toEqual(['c', 'a', 't', 'b'])
    expect(ids(merged(base, draft([a, b, c, allocation('new-1')]), draft([c, b, a])))).toEqual(['c', 'new-1', 'b', 'a'])
  })

  it('asks where both changed the order', () => {
    const base = draft([a, b, c])
    const [mine, theirs] = [draft([b, a, c]), draft([c, b, a])]
    const result = merged(base, mine, theirs)
    expect(ids(result)).toEqual(['c', 'b', 'a'])
    expect(result.clashes.map(({ id }) => id)).toEqual(['order'])
    expect(ids(merged(base, mine, theirs, { order: 'mine' }))).toEqual(['b', 'a', 'c'])
  })

  it('knows again what a save of mine added before it failed', () => {
    const steps = (id: string | null) => [
      { id, exposure_ratio: 1, interval_ms: null, is_pause_record: false, grouped_step_index: 0 },
    ]
    const schedule = (id: string | null) => ({
      id,
      rollout_options: { strategy: 'UNIFORM_INTERVALS' as const, autostart: true, selection_interval_ms: 1_000 },
      rollout_steps: steps(id),
      absolute_start_time: null,
      control_variant_id: null,
    })
    const mine = draft([
      allocation('a', { exposure_schedule: schedule(null) }),
      allocation('new-1', { key: 'x', exposure_schedule: schedule(null) }),
    ])
    const theirs = draft(
      [
        allocation('a', { exposure_schedule: schedule('s') }),
        allocation('t', { key: 'x', name: 'NEW-1', exposure_schedule: schedule('u') }),
      ],
      { enabled: false },
    )
    const result = merged(draft([a], { enabled: false }), mine, theirs)
    expect(result).toEqual({ draft: { ...theirs, enabled: true }, clashes: [] })
  })

  it('asks where both added different ones under the same key', () => {
    const [mine, theirs] = [allocation('new-1', { key: 'x', name: 'Mine' }), allocation('t', { key: 'x', name: 'T' })]
    const result = merged(draft([]), draft([mine]), draft([theirs]))
    expect(result.draft.allocations).toEqual([theirs])
    expect(result.clashes.map(({ id, mine, theirs }) => [id, mine, theirs])).toEqual([['t/name', 'Mine', 'T']])
    const chosen = merged(draft([]), draft([mine]), draft([theirs]), { 't/name': 'mine' })
    expect(chosen.draft.allocations).toEqual([{ ...mine, id: 't' }])
  })

  it('gives another key to what I added where they renamed one to its key', () => {
    const result = merged(
      draft([a]),
      draft([a, allocation('new-1', { key: 'x' })]),
      draft([allocation('a', { key: 'x' })]),
    )
    expect(result.clashes).toEqual([])
    expect(result.draft.allocations.map(({ id, key }) => [id, key])).toEqual([
      ['a', 'x'],
      ['new-1', 'x-2'],
    ])
  })
})
