import { describe, expect, it } from 'vitest'
import { typedLength, unitOf } from './spans'

const HOUR_MS = 3_600_000

describe('a length that somebody types', () => {
  it('may be a part of its unit', () => {
    expect(typedLength('0.5', HOUR_MS)).toBe(HOUR_MS / 2)
    expect(typedLength('1,5', HOUR_MS)).toBe(1.5 * HOUR_MS)
    expect(typedLength('2', HOUR_MS)).toBe(2 * HOUR_MS)
  })

  it('is none while there is nothing yet', () => {
    for (const text of ['', ' ', '0', '0.', '.', '-1', 'two']) expect(typedLength(text, HOUR_MS)).toBeNull()
  })

  it('is shown in the largest unit that it is whole in', () => {
    expect(unitOf(HOUR_MS / 2).value).toBe('min')
    expect(unitOf(48 * HOUR_MS).value).toBe('d')
    expect(unitOf(1_500).value).toBe('s')
  })
})
