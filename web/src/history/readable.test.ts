import { describe, expect, it } from 'vitest'
import { endOf, startOf } from './days'
import { readableDifferences, reversed } from './readable'

const NAMES = new Map([['v1', 'on']])

describe('differences for people', () => {
  it('show what was made member by member, without what only the server needs', () => {
    const made = { path: '', before: null, after: { id: 'x', name: 'Dark', tags: [], created_at: 'now', key: 'dark' } }
    expect(readableDifferences([made], NAMES)).toEqual([
      { path: 'name', before: undefined, after: 'Dark' },
      { path: 'key', before: undefined, after: 'dark' },
    ])
  })

  it('call variants by their keys, however deep they stand', () => {
    const differences = [
      { path: '/default_variant_id', before: 'v1', after: null },
      {
        path: '/allocations/a',
        before: null,
        after: { id: 'a', weights: [{ id: 'w', variant_id: 'v1', value: 100 }] },
      },
    ]
    expect(readableDifferences(differences, NAMES)).toEqual([
      { path: 'default variant id', before: 'on', after: null },
      { path: 'allocations / a', before: null, after: 'weights:\n  100 % on' },
    ])
  })

  it('tell an allocation in an outline, with its conditions in words', () => {
    const test = { attribute: 'plan', operator: 'ONE_OF', values: ['beta', 'staff'] }
    const after = {
      id: 'a',
      name: 'Staff',
      rules: [{ id: 'r', conditions: [{ id: 'c', test }] }],
      schedule: { steps: [{ ratio: 0.1 }, { ratio: 1, is_pause: true }] },
    }
    expect(readableDifferences([{ path: '/allocations/a', before: null, after }], NAMES)[0]?.after).toBe(
      [
        'name: Staff',
        'rules:',
        '  plan is beta or staff',
        'schedule:',
        '  steps:',
        '    - ratio: 0.1',
        '    - ratio: 1',
        '      is pause: true',
      ].join('\n'),
    )
  })

  it('call what stands in a place by its name, or by the end of its id', () => {
    const id = '01a22473-d9c1-7008-adb8-82af60932255'
    const difference = { path: `/allocations/a/weights/${id}/value`, before: 20, after: 50 }
    const path = (names: Map<string, string>) => readableDifferences([difference], names)[0]?.path
    expect(path(new Map([[id, 'on']]))).toBe('allocations / a / weights / on / value')
    expect(path(NAMES)).toBe('allocations / a / weights / #2255 / value')
  })

  it('leave out the bookkeeping of rollouts', () => {
    const at = (member: string) => ({ path: `/allocations/a/schedule/progress/${member}`, before: 1, after: 2 })
    const shown = readableDifferences([at('position'), at('sequence'), at('guard/steps')], NAMES)
    expect(shown.map(({ path }) => path)).toEqual(['allocations / a / schedule / progress / position'])
  })

  it('can be turned round', () => {
    expect(reversed([{ path: '/a', before: 1, after: 2 }])).toEqual([{ path: '/a', before: 2, after: 1 }])
  })
})

describe('days', () => {
  it('begin at midnight and end where the next begins', () => {
    expect(startOf('2026-11-28', 'utc')).toBe('2026-11-28T00:00:00.000Z')
    expect(endOf('2026-11-28', 'utc')).toBe('2026-11-29T00:00:00.000Z')
  })

  it('may be moments, which stay what they are', () => {
    expect(startOf('2026-11-28T10:00:00Z', 'local')).toBe('2026-11-28T10:00:00.000Z')
    expect(endOf('2026-11-28T10:00:00Z', 'local')).toBe('2026-11-28T10:00:00.000Z')
  })

  it('are nothing when they are no days', () => {
    expect(startOf('yesterday', 'utc')).toBeUndefined()
    expect(endOf(undefined, 'utc')).toBeUndefined()
  })
})
