import { describe, expect, it } from 'vitest'
import { type Bucket, type FlagAnswer, fixedKind, reasonSentence, shortReason, stripSentence, strips } from './answer'

const answer = (change: Partial<FlagAnswer>): FlagAnswer => ({
  flag_key: 'dark-mode',
  value: true,
  variant_key: 'on',
  reason: 'STATIC',
  allocation_key: 'staff',
  explanation: { reason: 'STATIC', allocations: [] },
  ...change,
})
const DEFAULT = 'allocation-default-c44c6675f43b'

describe('the reason of an answer', () => {
  it('names the allocation that let somebody in', () => {
    expect(reasonSentence(answer({ reason: 'TARGETING_MATCH' }), () => 'Staff')).toBe(
      'They match the rules of “Staff”.',
    )
    expect(reasonSentence(answer({ reason: 'SPLIT' }))).toMatch(/by hash/)
  })

  it('tells default, override and off variant from allocations that people made', () => {
    expect(fixedKind(DEFAULT)).toBe('default')
    expect(fixedKind('allocation-default-of-mine')).toBeNull()
    expect(reasonSentence(answer({ allocation_key: DEFAULT }))).toMatch(/everybody gets the default variant/)
    const after = {
      reason: 'STATIC',
      allocations: [
        { key: 'a', outcome: 'NOT_REACHED' as const },
        { key: DEFAULT, outcome: 'NOT_REACHED' as const },
      ],
    }
    expect(reasonSentence(answer({ allocation_key: DEFAULT, explanation: after }))).toMatch(/^No allocation before/)
    expect(reasonSentence(answer({ allocation_key: 'allocation-off-c44c6675f43b' }))).toMatch(/off variant/)
  })

  it('says that the application is left to its own default', () => {
    const none = { value: undefined, variant_key: null, allocation_key: null }
    expect(reasonSentence(answer({ ...none, reason: 'DISABLED' }))).toMatch(/own default/)
    expect(reasonSentence(answer({ ...none, reason: 'DEFAULT' }))).toMatch(/^Nothing let them in/)
    expect(reasonSentence(answer({ ...none, reason: 'ERROR', error_code: 'TARGETING_KEY_MISSING' }))).toMatch(
      /targeting key/,
    )
    expect(reasonSentence(answer({ ...none, reason: 'ERROR', error_code: 'NEW' }))).toMatch(/NEW/)
  })

  it('is short in a table', () => {
    expect(shortReason(answer({ allocation_key: DEFAULT }))).toBe('Default')
    expect(shortReason(answer({ reason: 'TARGETING_MATCH' }))).toBe('Rule matched')
    expect(shortReason(answer({ reason: 'DEFAULT', allocation_key: null }))).toBe('Nothing matched')
  })
})

describe('buckets', () => {
  const bucket = (variant: string, salt: string, start: number, end: number, at: number): Bucket => ({
    variant,
    salt,
    totalShards: 10_000,
    bucket: at,
    ranges: [{ start, end }],
    held: start <= at && at < end,
  })

  it('of one hash stand in one strip, and say who has which', () => {
    const [strip, ...others] = strips([
      bucket('blue', 'split-x', 0, 3400, 5226),
      bucket('green', 'split-x', 3400, 6700, 5226),
    ])
    expect(others).toEqual([])
    expect(strip?.ranges.map(({ held }) => held)).toEqual([false, true])
    expect(strip && stripSentence(strip)).toBe('Bucket 5 226 of 10 000; blue has 0 to 3 399, green has 3 400 to 6 699.')
  })

  it('that decide who takes part are the same for every variant', () => {
    const all = strips([
      bucket('on', 'traffic-x', 0, 2000, 7345),
      bucket('off', 'traffic-x', 0, 2000, 7345),
      bucket('control', 'traffic-x', 2000, 10_000, 7345),
    ])
    expect(all).toHaveLength(1)
    expect(all[0]?.ranges.map(({ variants }) => variants)).toEqual([['on', 'off'], ['control']])
    expect(all[0] && stripSentence(all[0])).toBe(
      'Bucket 7 345 of 10 000; takes in 0 to 1 999, control has 2 000 to 9 999.',
    )
  })
})
