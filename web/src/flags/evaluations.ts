import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'

/** How often a flag was evaluated in an environment, and what it served. */
export type Evaluations = Schemas['EnvironmentEvaluations']

const HOUR_MS = 3_600_000
/** How far back the bars reach. */
export const BAR_COUNT = 24

/** How often a flag was evaluated in the last 24 hours. Counts are no changes, so the stream does not tell of them. */
export const evaluationsQuery = (flagId: string) =>
  queryOptions({
    queryKey: ['flag', flagId, 'evaluations'],
    queryFn: async (): Promise<Evaluations[]> => {
      const since = new Date(Date.now() - BAR_COUNT * HOUR_MS).toISOString()
      const params = { path: { flag_id: flagId }, query: { since } }
      return (await body(api.GET('/api/v1/flags/{flag_id}/evaluations', { params }))).environments
    },
    refetchInterval: 60_000,
  })

/** Evaluations by hour up to `now` (milliseconds), the oldest first. What only was exposed counts as evaluated. */
export function hourly(
  buckets: Pick<Schemas['BucketOut'], 'start' | 'evaluations' | 'exposures'>[],
  now: number,
): number[] {
  const bars = Array.from({ length: BAR_COUNT }, () => 0)
  for (const { start, evaluations, exposures } of buckets) {
    const place = BAR_COUNT - 1 - Math.floor((now - Date.parse(start)) / HOUR_MS)
    const bar = bars[place]
    if (bar !== undefined) bars[place] = bar + Math.max(evaluations, exposures)
  }
  return bars
}

/** A count in few characters: “950”, “12.3K”. */
export const shortCount = (count: number) =>
  new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(count)
