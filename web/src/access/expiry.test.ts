import { describe, expect, it } from 'vitest'
import { expiryOf, expiryState, isInUse } from './expiry'

const NOW = Date.parse('2026-11-28T12:00:00Z')

describe('the end of a key', () => {
  it('is never, a number of days away, or the end of a day', () => {
    expect(expiryOf('never', '', NOW)).toBeNull()
    expect(expiryOf('30', '', NOW)).toBe('2026-12-28T12:00:00.000Z')
    expect(expiryOf('day', '2027-01-01', NOW)).toBe(new Date('2027-01-01T23:59:59').toISOString())
  })

  it('is not known while the day is missing', () => {
    expect(expiryOf('day', '', NOW)).toBeUndefined()
  })

  it('is soon within two weeks', () => {
    expect(expiryState(null, NOW)).toBe('none')
    expect(expiryState('2026-11-28T11:59:59Z', NOW)).toBe('past')
    expect(expiryState('2026-12-05T00:00:00Z', NOW)).toBe('soon')
    expect(expiryState('2027-12-05T00:00:00Z', NOW)).toBe('far')
  })
})

describe('a key', () => {
  it('is in use when it was used within a day', () => {
    expect(isInUse('2026-11-28T00:00:00Z', NOW)).toBe(true)
    expect(isInUse('2026-11-26T00:00:00Z', NOW)).toBe(false)
    expect(isInUse(null, NOW)).toBe(false)
  })
})
