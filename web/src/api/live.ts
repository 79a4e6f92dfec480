import type { QueryClient } from '@tanstack/react-query'
import { chosenProject, requestHeaders } from './client'
import { EventReader } from './events'

/** What the server tells of a change as it is committed. */
export interface Change {
  revision: number
  history_id: string | null
  at: string
  action: string
  aggregate: string
  flag_id: string | null
  environment_id: string | null
  user_id: string | null
}

/** Whether changes arrive as they happen. */
export type LiveState = 'connecting' | 'live' | 'away'

/**
 * Parts of the cache that a change makes old, by the aggregate that changed: the first members of query keys.
 * Everything else (of an aggregate that this table does not know) makes everything old.
 */
const MADE_OLD: Record<string, string[]> = {
  flag: ['flags', 'flag', 'rollouts', 'suggestions', 'history', 'explain', 'saved-filters'],
  flag_environment: ['flags', 'flag', 'rollouts', 'suggestions', 'history', 'explain', 'saved-filters'],
  suggestion: ['suggestions', 'flags', 'flag', 'history'],
  environment: ['environments', 'flags', 'flag', 'history'],
  saved_filter: ['saved-filters', 'flag', 'history', 'explain'],
  metric: ['metrics', 'history', 'rollouts'],
  webhook: ['webhooks', 'history'],
  credential: ['keys', 'history'],
  access: ['people', 'me', 'history'],
  project: ['me', 'history'],
}

/** Makes old what the change concerns, so that whatever of it is on the page is asked again. */
export function makeOld(cache: QueryClient, change: Change) {
  const areas = MADE_OLD[change.aggregate]
  void cache.invalidateQueries({
    predicate: ({ queryKey: [area, id] }) => {
      if (areas === undefined) return true
      // Other flags than the one that changed stay as they are.
      if (area === 'flag' && change.flag_id !== null) return id === change.flag_id
      return areas.includes(String(area))
    },
  })
}

const PAUSE_MS = [500, 1_000, 2_000, 5_000, 10_000]

/**
 * Follows what is changed in the project, by anybody, until `ended`. One tab of the browser listens for all of them:
 * browsers open few connections to a server, and every stream would take one.
 */
export function follow(cache: QueryClient, tell: (state: LiveState) => void, ended: AbortSignal) {
  const channel = new BroadcastChannel(`flaghoist-changes-${chosenProject() ?? ''}`)
  channel.onmessage = ({ data }: MessageEvent<{ state?: LiveState; change?: Change }>) => {
    if (data.state) tell(data.state)
    if (data.change) makeOld(cache, data.change)
  }
  ended.addEventListener('abort', () => channel.close())
  const listen = () =>
    listenForAll(
      change => {
        makeOld(cache, change)
        channel.postMessage({ change })
      },
      state => {
        tell(state)
        channel.postMessage({ state })
      },
      () => void cache.invalidateQueries(),
      ended,
    )
  // Where the page is not in a secure context there are no locks, and every tab listens for itself.
  if (navigator.locks === undefined) void listen()
  else {
    tell('live')
    navigator.locks.request(channel.name, { signal: ended }, listen).catch(() => {})
  }
}

async function listenForAll(
  pass: (change: Change) => void,
  tell: (state: LiveState) => void,
  cameBack: () => void,
  ended: AbortSignal,
) {
  let lastId: string | null = null
  for (let failures = 0; !ended.aborted; ) {
    tell('connecting')
    try {
      const headers: Record<string, string> = {
        ...requestHeaders(),
        ...(lastId === null ? {} : { 'Last-Event-ID': lastId }),
      }
      const response: Response = await fetch('/api/v1/changes/stream', { headers, signal: ended })
      if (!response.ok || response.body === null) throw new Error(`the stream answered ${response.status}`)
      // What happened before the first connection, and while nobody listened, is not known.
      if (failures > 0) cameBack()
      failures = 0
      tell('live')
      const events = new EventReader()
      const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
        for (const event of events.read(piece.value)) {
          lastId = event.id ?? lastId
          if (event.event === 'change') pass(JSON.parse(event.data) as Change)
        }
      }
    } catch {
      if (ended.aborted) return
    }
    tell('away')
    failures += 1
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS[Math.min(failures, PAUSE_MS.length) - 1]))
  }
}
