import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Change, isMadeOld, Refresh } from './old'

const change = (aggregate: string, flag_id: string | null = null, environment_id: string | null = null): Change => ({
  revision: 1,
  history_id: null,
  at: '2026-01-01T00:00:00Z',
  action: 'changed',
  aggregate,
  flag_id,
  environment_id,
  user_id: null,
})

describe('a change of a flag', () => {
  const ofFlag = change('flag_environment', 'a', 'production')

  test('makes that flag old, and no other', () => {
    expect(isMadeOld(['flag', 'a'], ofFlag)).toBe(true)
    expect(isMadeOld(['flag', 'b'], ofFlag)).toBe(false)
  })

  test('makes the uses of saved filters old, but not the filters', () => {
    expect(isMadeOld(['saved-filters', 'x', 'uses'], ofFlag)).toBe(true)
    expect(isMadeOld(['saved-filters', 'x'], ofFlag)).toBe(false)
    expect(isMadeOld(['saved-filters', 'list', '', 50], ofFlag)).toBe(false)
  })

  test('is the last one of its own environment only', () => {
    expect(isMadeOld(['history', 'last-of-environment', 'production'], ofFlag)).toBe(true)
    expect(isMadeOld(['history', 'last-of-environment', 'staging'], ofFlag)).toBe(false)
    expect(isMadeOld(['history', 'all'], ofFlag)).toBe(true)
  })
})

test('a change of what is not known makes everything old', () => {
  expect(isMadeOld(['keys'], change('something new'))).toBe(true)
})

describe('what is on the page', () => {
  let cache: QueryClient
  let refresh: Refresh
  beforeEach(() => {
    vi.useFakeTimers()
    cache = new QueryClient()
    refresh = new Refresh(cache)
  })
  afterEach(() => {
    refresh.end()
    cache.clear()
    vi.useRealTimers()
  })

  /** Shows a query whose answers take `takes_ms`; counts how often it is asked. */
  async function shown(takes_ms: number, answer: unknown = 'answer') {
    const ask = vi.fn(async () => {
      await new Promise(resolve => setTimeout(resolve, takes_ms))
      return answer
    })
    new QueryObserver(cache, { queryKey: ['flags'], queryFn: ask, staleTime: Number.POSITIVE_INFINITY }).subscribe(
      () => {},
    )
    await vi.advanceTimersByTimeAsync(takes_ms)
    await vi.advanceTimersByTimeAsync(2_000)
    ask.mockClear()
    return ask
  }

  test('is asked again at once for one change, and once more for many that follow', async () => {
    const ask = await shown(5)
    refresh.changed(change('flag', 'a'))
    await vi.advanceTimersByTimeAsync(50)
    expect(ask).toHaveBeenCalledTimes(1)
    for (let n = 0; n < 20; n += 1) refresh.changed(change('flag', 'a'))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(ask).toHaveBeenCalledTimes(2)
  })

  test('is asked again after an answer that was on its way and may not know the change', async () => {
    const ask = await shown(500)
    void cache.refetchQueries({ queryKey: ['flags'] })
    await vi.advanceTimersByTimeAsync(100)
    refresh.changed(change('flag', 'a'))
    await vi.advanceTimersByTimeAsync(300)
    expect(ask).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(ask).toHaveBeenCalledTimes(2)
  })

  test('and has many pages is asked again once a second at most', async () => {
    const ask = await shown(5, { pages: [[], []], pageParams: [] })
    for (let n = 0; n < 100; n += 1) {
      refresh.changed(change('flag', 'a'))
      await vi.advanceTimersByTimeAsync(50)
    }
    expect(ask.mock.calls.length).toBeLessThanOrEqual(5)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(ask.mock.calls.length).toBeGreaterThanOrEqual(5)
  })
})
