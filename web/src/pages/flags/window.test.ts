import { describe, expect, it } from 'vitest'
import { ROW_HEIGHT, scrolledTo, visibleRange } from './window'

describe('the rows that are drawn', () => {
  it('are those in the frame with some above and below', () => {
    const [from, to] = visibleRange(ROW_HEIGHT * 1000, ROW_HEIGHT * 20, 10_000)
    expect(from).toBeLessThanOrEqual(990)
    expect(to).toBeGreaterThanOrEqual(1030)
    expect(to - from).toBeLessThan(70)
  })
  it('never reach beyond the list', () => {
    expect(visibleRange(0, 900, 3)).toEqual([0, 3])
    expect(visibleRange(ROW_HEIGHT * 95, 900, 100)[1]).toBe(100)
    expect(visibleRange(0, 900, 0)).toEqual([0, 0])
  })
  it('stay the same when one scrolls by a row', () => {
    expect(visibleRange(ROW_HEIGHT * 51, 490, 500)).toEqual(visibleRange(ROW_HEIGHT * 52, 490, 500))
  })
})

describe('the frame', () => {
  it('stays where it is when the row is in it', () => expect(scrolledTo(3, 0, 500, 40)).toBe(0))
  it('goes up to a row above it', () => expect(scrolledTo(2, 500, 500, 40)).toBe(2 * ROW_HEIGHT))
  it('goes down until a row below it is whole', () =>
    expect(scrolledTo(20, 0, 500, 40)).toBe(21 * ROW_HEIGHT + 40 - 500))
})
