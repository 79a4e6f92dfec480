import { describe, expect, it } from 'vitest'
import { BAR_COUNT, hourly, shortCount } from './evaluations'

const now = Date.parse('2026-11-28T12:30:00Z')

describe('bars of evaluations', () => {
  it('sum what happened in each hour, the present one last', () => {
    const bars = hourly(
      [
        { start: '2026-11-28T12:29:00Z', evaluations: 3, exposures: 0 },
        { start: '2026-11-28T12:00:00Z', evaluations: 2, exposures: 4 },
        { start: '2026-11-28T10:40:00Z', evaluations: 5, exposures: 1 },
      ],
      now,
    )
    expect(bars).toHaveLength(BAR_COUNT)
    expect(bars.slice(-2)).toEqual([5, 7])
  })
  it('leave out what is older, and what a clock ahead of ours says', () => {
    const old = { start: '2026-11-20T00:00:00Z', evaluations: 9, exposures: 0 }
    const ahead = { start: '2026-11-28T12:31:00Z', evaluations: 9, exposures: 0 }
    expect(hourly([old, ahead], now).every(bar => bar === 0)).toBe(true)
  })
  it('are told in few characters', () => expect(shortCount(12_345)).toBe('12.3K'))
})
