import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'
import type { Difference } from '~/ui/diff'

/** By what right a change was made that needed an approval. */
export type Authority =
  | { kind: 'approved'; suggestion_id: string; authors: string[]; approved_by: string[] }
  | { kind: 'overridden'; suggestion_id: string | null }

/** An entry of the history: one change, who made it, and what it changed. */
export type Entry = Omit<Schemas['HistoryOut'], 'differences' | 'authority' | 'before' | 'after'> & {
  differences: Difference[]
  authority?: Authority | null
  /** All of it before and after; only where one entry is asked for. */
  before?: Record<string, unknown> | null
  after?: Record<string, unknown> | null
}

/** Which entries of the history. Moments are RFC 3339. */
export interface HistoryFilter {
  flagId?: string
  environmentId?: string
  userId?: string
  aggregate?: string
  since?: string
  until?: string
}

/** A page of the history, the newest first. */
export interface EntryPage {
  entries: Entry[]
  next: string | null
}

// The document describes differences and authorities as objects only.
const entryOf = (out: Schemas['HistoryOut']) => out as unknown as Entry

/** One page of the entries that a filter lets through. */
export async function historyPage(filter: HistoryFilter, cursor: string | undefined, limit = 50): Promise<EntryPage> {
  const { flagId, environmentId, userId, aggregate, since, until } = filter
  const query = { flag_id: flagId, environment_id: environmentId, user_id: userId, aggregate, since, until }
  const page = await body(api.GET('/api/v1/history', { params: { query: { ...query, cursor, limit } } }))
  return { entries: page.data.map(entryOf), next: page.next_cursor ?? null }
}

/** One entry, with all of before and after. It never changes. */
export const entryQuery = (id: string) =>
  queryOptions({
    queryKey: ['history-entry', id],
    queryFn: async () =>
      entryOf(await body(api.GET('/api/v1/history/{history_id}', { params: { path: { history_id: id } } }))),
    staleTime: Number.POSITIVE_INFINITY,
  })

/** What changed later in the same thing: what a revert of this entry would undo as well. The newest first. */
export const laterQuery = (entry: Entry) =>
  queryOptions({
    queryKey: ['history', 'later', entry.id],
    queryFn: async () => {
      const filter = {
        flagId: entry.flag_id ?? undefined,
        environmentId: entry.environment_id ?? undefined,
        aggregate: entry.aggregate,
        since: entry.at,
      }
      const { entries } = await historyPage(filter, undefined, 100)
      return entries.filter(later => later.revision > entry.revision && !isOfRollout(later.action))
    },
  })

const OF_ROLLOUT = new Set([
  'rollout_started',
  'rollout_advanced',
  'rollout_paused',
  'rollout_resumed',
  'rollout_stopped',
  'guardrail_triggered',
])

/** Whether a rollout moved, and nothing that people edit was changed. */
export const isOfRollout = (action: string) => OF_ROLLOUT.has(action)

/** Why an entry cannot be reverted, or null when it can. Whether one may is another question. */
export function whyNotReverted(entry: Entry): string | null {
  if (!['flag', 'flag_environment', 'environment'].includes(entry.aggregate))
    return 'Only changes of flags, of what they serve, and of environments can be reverted.'
  if (isOfRollout(entry.action)) return 'A rollout does not go back to where it was. Pause or stop it instead.'
  const whole = entry.differences.find(({ path }) => path === '')
  if (whole !== undefined)
    return entry.aggregate === 'flag'
      ? 'It made the flag. A flag that is not needed is archived.'
      : 'It made or removed the thing itself, which cannot be taken back.'
  return null
}
