import { queryOptions, useQueries, useQuery } from '@tanstack/react-query'
import { api, body } from '~/api/client'
import { guardrailsQuery, type Rollout, rolloutsOnQuery } from '~/rollouts/queries'
import type { Metric } from './draft'

/** The metrics of the project, the oldest first. */
export const metricsQuery = queryOptions({
  queryKey: ['metrics', 'list'],
  queryFn: async (): Promise<Metric[]> => (await body(api.GET('/api/v1/metrics'))).metrics,
})

/** Of more rollouts than this it is not asked what watches them: each is a request. */
const WATCHED_MAX = 12

/** Which rollouts that are on watch which metric, by its id; null where there are too many to ask. */
export function useWatchers(): Map<string, Rollout[]> | null {
  const { data: all = [] } = useQuery(rolloutsOnQuery(undefined))
  const on = all.slice(0, WATCHED_MAX)
  const watched = useQueries({
    queries: on.map(({ id }) => ({ ...guardrailsQuery(id, undefined, false), retry: false })),
  })
  if (all.length > WATCHED_MAX) return null
  const watchers = new Map<string, Rollout[]>()
  on.forEach((rollout, place) => {
    for (const { metric_id } of watched[place]?.data?.metrics ?? [])
      watchers.set(metric_id, [...(watchers.get(metric_id) ?? []), rollout])
  })
  return watchers
}
