import { describe, expect, it } from 'vitest'
import { forEachOf } from './each'
import { retagged } from './save'

const never = new AbortController().signal

describe('a change of many flags', () => {
  it('goes through all of them, and tells of each', async () => {
    const told: number[] = []
    const end = await forEachOf(
      [1, 2, 3, 4, 5, 6],
      async () => true,
      progress => told.push(progress.done),
      never,
    )
    expect(told).toEqual([1, 2, 3, 4, 5, 6])
    expect(end).toEqual({ done: 6, waiting: [], failed: [] })
  })
  it('is not stopped by one that fails, and lists those that wait', async () => {
    const deed = async (n: number) => {
      if (n === 2) throw new Error('no')
      return n !== 3
    }
    const end = await forEachOf([1, 2, 3], deed, () => {}, never)
    expect(end).toEqual({ done: 3, waiting: [3], failed: [{ thing: 2, message: 'no' }] })
  })
  it('begins nothing more once it is stopped', async () => {
    const stop = new AbortController()
    const end = await forEachOf(
      Array.from({ length: 100 }, (_, n) => n),
      async () => true,
      () => stop.abort(),
      stop.signal,
    )
    expect(end.done).toBeLessThan(10)
  })
})

describe('tags', () => {
  it('are added and taken away, and the list stays the same when there is nothing to do', () => {
    const tags = ['a', 'b']
    expect(retagged(tags, ['c', 'a'], ['b'])).toEqual(['a', 'c'])
    expect(retagged(tags, ['a'], ['x'])).toBe(tags)
  })
})
