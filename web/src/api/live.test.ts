import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { follow, type LiveState } from './live'

/** A stream that was asked for: with which id, and how to send on it. */
interface Stream {
  from: string | null
  send: (text: string) => void
  isAborted: () => boolean
}

const channels = new Set<Channel>()

/** Tells all others of its name at once. */
class Channel {
  onmessage: ((event: { data: unknown }) => void) | null = null
  constructor(readonly name: string) {
    channels.add(this)
  }
  postMessage(data: unknown) {
    for (const other of channels) if (other !== this && other.name === this.name) other.onmessage?.({ data })
  }
  close() {
    channels.delete(this)
  }
}

let streams: Stream[]
let status: number
let held: Promise<unknown>

beforeEach(() => {
  vi.useFakeTimers()
  streams = []
  status = 200
  held = Promise.resolve()
  vi.stubGlobal('BroadcastChannel', Channel)
  vi.stubGlobal('navigator', {
    locks: {
      request: (_: string, { signal }: { signal: AbortSignal }, use: () => Promise<void>) => {
        held = held.then(() => (signal.aborted ? undefined : use()))
        return held
      },
    },
  })
  vi.stubGlobal(
    'fetch',
    async (_: string, { headers, signal }: { headers: Record<string, string>; signal: AbortSignal }) => {
      let send: Stream['send'] = () => {}
      const body = new ReadableStream<Uint8Array>({
        start: controller => {
          send = text => controller.enqueue(new TextEncoder().encode(text))
          signal.addEventListener('abort', () => controller.error(new Error('aborted')))
        },
      })
      streams.push({ from: headers['Last-Event-ID'] ?? null, send, isAborted: () => signal.aborted })
      return { ok: status === 200, status, body }
    },
  )
})

afterEach(() => {
  channels.clear()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** A tab that follows: what it says of the connection, what it asked again, and its end. */
function tab() {
  const cache = new QueryClient()
  cache.setQueryData(['flags'], 'old')
  const states: LiveState[] = []
  const end = new AbortController()
  follow(cache, state => states.push(state), end.signal)
  const isOld = () => cache.getQueryState(['flags'])?.isInvalidated
  return { cache, states, isOld, close: () => end.abort() }
}

const after = (time_ms: number) => vi.advanceTimersByTimeAsync(time_ms)
const CHANGE = 'event: change\nid: 8\ndata: {"aggregate":"flag","flag_id":"a"}\n\n'

test('a connection that is silent is made anew from the last event', async () => {
  const { states, close } = tab()
  await after(100)
  streams[0]?.send('id: 7\n\n')
  await after(40_000)
  streams[0]?.send(':\n\n')
  await after(40_000)
  expect(streams).toHaveLength(1)
  await after(6_000)
  expect(streams.map(({ from }) => from)).toEqual([null, '7'])
  expect(streams[0]?.isAborted()).toBe(true)
  expect(states.at(-1)).toBe('live')
  close()
})

test('a tab that takes over goes on from where the other one was, and misses nothing', async () => {
  const first = tab()
  await after(100)
  streams[0]?.send('id: 7\n\n')
  await after(10)
  const second = tab()
  await after(500)
  expect(second.states.at(-1)).toBe('live')
  expect(second.isOld()).toBe(false)
  streams[0]?.send(CHANGE)
  await after(500)
  expect(second.isOld()).toBe(true)
  first.close()
  await after(100)
  expect(streams.map(({ from }) => from)).toEqual([null, '8'])
  second.close()
})

test('when the listening tab was away, all tabs ask again', async () => {
  const first = tab()
  const second = tab()
  await after(500)
  for (const { cache } of [first, second]) cache.setQueryData(['flags'], 'new')
  await after(46_000)
  await after(1_000)
  expect([first.isOld(), second.isOld()]).toEqual([true, true])
  first.close()
  second.close()
})

test('who is signed in no more is not listened for, and is asked who they are', async () => {
  status = 401
  const { cache, states, close } = tab()
  cache.setQueryData(['me'], 'Ada')
  await after(60_000)
  expect(streams).toHaveLength(1)
  expect(states.at(-1)).toBe('away')
  expect(cache.getQueryState(['me'])?.isInvalidated).toBe(true)
  close()
})
