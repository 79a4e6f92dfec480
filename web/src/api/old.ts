import type { Query, QueryClient } from '@tanstack/react-query'

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

/**
 * Parts of the cache that a change makes old, by the aggregate that changed: the first members of query keys.
 * Everything else (of an aggregate that this table does not know) makes everything old.
 */
const MADE_OLD: Record<string, string[]> = {
  flag: ['flags', 'flag', 'rollouts', 'suggestions', 'history', 'explain'],
  flag_environment: ['flags', 'flag', 'rollouts', 'suggestions', 'history', 'explain'],
  suggestion: ['suggestions', 'flags', 'flag', 'history'],
  environment: ['environments', 'flags', 'flag', 'history'],
  saved_filter: ['saved-filters', 'flag', 'history', 'explain'],
  metric: ['metrics', 'history', 'rollouts'],
  webhook: ['webhooks', 'history'],
  credential: ['keys', 'history'],
  access: ['people', 'me', 'history'],
  project: ['me', 'history'],
}

/** Whether a change makes the answer of that key old. */
export function isMadeOld([area, id, part]: readonly unknown[], change: Change): boolean {
  const areas = MADE_OLD[change.aggregate]
  if (areas === undefined) return true
  // Other flags than the one that changed stay as they are.
  if (area === 'flag' && change.flag_id !== null) return id === change.flag_id
  // Of a saved filter, a flag changes nothing but who uses it.
  if (area === 'saved-filters' && change.aggregate.startsWith('flag')) return part === 'uses'
  if (area === 'history' && id === 'last-of-environment' && change.environment_id !== null)
    return part === change.environment_id
  return areas.includes(String(area))
}

/** How long changes are collected after some were seen to. The first one after a quiet time waits only {@link FIRST_MS}. */
const COLLECTED_MS = 300
const FIRST_MS = 30
/** How often a list of several loaded pages is asked for again, at most: all its pages are. */
const LONG_LIST_MS = 1_000

/**
 * Asks again for what changes make old and is on the page: once for many changes, and never while an answer is on its
 * way, which may not know the change yet and is asked for again afterwards.
 */
export class Refresh {
  private readonly old = new Set<Query>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private seenToAt_ms = 0

  constructor(private readonly cache: QueryClient) {}

  /** What a change concerns is old. */
  changed(change: Change) {
    this.add(query => isMadeOld(query.queryKey, change))
  }

  /** Nobody knows what was changed meanwhile. */
  everything() {
    this.add(() => true)
  }

  /** Forgets what was to be asked for. */
  end() {
    clearTimeout(this.timer)
    this.old.clear()
  }

  private add(predicate: (query: Query) => boolean) {
    for (const query of this.cache.getQueryCache().findAll({ predicate })) this.old.add(query)
    this.wait()
  }

  private wait() {
    if (this.old.size === 0) return
    const rest_ms = this.seenToAt_ms + COLLECTED_MS - Date.now()
    this.timer ??= setTimeout(() => this.seeTo(), Math.max(rest_ms, FIRST_MS))
  }

  private seeTo() {
    this.timer = undefined
    this.seenToAt_ms = Date.now()
    const due = new Set([...this.old].filter(query => !isBusy(query)))
    for (const query of due) this.old.delete(query)
    void this.cache.invalidateQueries({ predicate: query => due.has(query) }, { cancelRefetch: false })
    this.wait()
  }
}

/** Whether a query is better asked later: it is being asked, or it is long and was answered just now. */
function isBusy({ state }: Query): boolean {
  if (state.fetchStatus === 'fetching') return true
  const pages = (state.data as { pages?: unknown } | undefined)?.pages
  return Array.isArray(pages) && pages.length > 1 && Date.now() - state.dataUpdatedAt < LONG_LIST_MS
}
