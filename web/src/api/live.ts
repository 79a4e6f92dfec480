import type { QueryClient } from '@tanstack/react-query'
import { chosenProject, requestHeaders } from './client'
import { EventReader } from './events'
import { type Change, Refresh } from './old'
import { me } from './session'

/** Whether changes arrive as they happen. */
export type LiveState = 'connecting' | 'live' | 'away'

const PAUSE_MS = [500, 1_000, 2_000, 5_000, 10_000]

/** The server sends something every 20 s at least. When it was silent for this long, the connection is dead. */
const SILENCE_MS = 45_000

/** What tabs of one browser tell each other. */
interface Message {
  state?: LiveState
  change?: Change
  /** The last event that the listening tab has, from which another one goes on. */
  lastId?: string | null
  /** Something may have been missed. */
  isGap?: boolean
  /** A new tab wants to know how things are. */
  asks?: boolean
}

/**
 * Follows what is changed in the project, by anybody, until `ended`. One tab of the browser listens for all of them:
 * browsers open few connections to a server, and every stream would take one.
 */
export function follow(cache: QueryClient, tell: (state: LiveState) => void, ended: AbortSignal) {
  const refresh = new Refresh(cache)
  const channel = new BroadcastChannel(`flaghoist-changes-${chosenProject() ?? ''}`)
  let lastId: string | null = null
  let state: LiveState = 'connecting'
  let listens = false
  const hear = (message: Message) => {
    if (message.lastId) lastId = message.lastId
    if (message.state) {
      state = message.state
      tell(state)
    }
    if (message.change) refresh.changed(message.change)
    if (message.isGap) refresh.everything()
  }
  const say = (message: Message) => {
    if (ended.aborted) return
    hear(message)
    channel.postMessage(message)
  }
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (!data.asks) hear(data)
    else if (listens) channel.postMessage({ state, lastId } satisfies Message)
  }
  ended.addEventListener('abort', () => {
    channel.close()
    refresh.end()
  })
  const listen = async () => {
    listens = true
    await listenForAll(() => lastId, say, ended)
    listens = false
    // The log-in is over. Asking who is signed in leads to the sign-in.
    if (!ended.aborted) await cache.invalidateQueries({ queryKey: me.queryKey })
  }
  tell(state)
  // Where the page is not in a secure context there are no locks, and every tab listens for itself.
  if (navigator.locks === undefined) void listen()
  else {
    channel.postMessage({ asks: true } satisfies Message)
    navigator.locks.request(channel.name, { signal: ended }, listen).catch(() => {})
  }
}

/** Listens until `ended`, or until the server takes the log-in no more. */
async function listenForAll(lastId: () => string | null, say: (message: Message) => void, ended: AbortSignal) {
  for (let failures = 0; !ended.aborted; ) {
    say({ state: 'connecting' })
    const connection = new AbortController()
    const abort = () => connection.abort()
    ended.addEventListener('abort', abort)
    let silence = setTimeout(abort, SILENCE_MS)
    try {
      const from = lastId()
      const headers: Record<string, string> = {
        ...requestHeaders(),
        ...(from === null ? {} : { 'Last-Event-ID': from }),
      }
      const response: Response = await fetch('/api/v1/changes/stream', { headers, signal: connection.signal })
      if (response.status === 401) return say({ state: 'away' })
      if (!response.ok || response.body === null) throw new Error(`the stream answered ${response.status}`)
      // What happened before the first connection, and while nobody listened, is not known.
      say({ state: 'live', isGap: failures > 0 || from === null })
      failures = 0
      const events = new EventReader()
      const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
        clearTimeout(silence)
        silence = setTimeout(abort, SILENCE_MS)
        for (const { id, event, data } of events.read(piece.value))
          say({ lastId: id, change: event === 'change' ? (JSON.parse(data) as Change) : undefined })
      }
    } catch {
      // It is tried again.
    } finally {
      clearTimeout(silence)
      ended.removeEventListener('abort', abort)
    }
    if (ended.aborted) return
    say({ state: 'away' })
    failures += 1
    await pause(PAUSE_MS[Math.min(failures, PAUSE_MS.length) - 1], ended)
  }
}

/** Waits, but not longer than until `ended`: another tab, or this one after a sign-in, is to listen then. */
function pause(time_ms: number | undefined, ended: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, time_ms)
    ended.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
