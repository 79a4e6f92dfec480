import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'

/** A rollout and how it stands. */
export type Rollout = Schemas['RolloutOut']
/** A rollout with how it came there and what is ahead. */
export type RolloutDetails = Schemas['RolloutDetails']
/** A move of a rollout. */
export type Transition = Schemas['TransitionOut']
/** What guardrails know of a run. */
export type Guardrails = Schemas['GuardrailsOut']
/** A metric that a run watches. */
export type WatchedMetric = Schemas['WatchedMetricOut']
/** What a metric says of a variant. */
export type Evidence = Schemas['EvidenceOut']
/** How the evidence of a metric and a variant stood over time. */
export type EvidenceSeries = Schemas['EvidenceSeriesOut']

const PAGE = 100
const EVIDENCE_EVERY_MS = 2_000

/** Which rollouts a list shows; absent: all. */
export interface RolloutFilter {
  status?: string
  environment?: string
}

/** Rollouts, the newest first, page by page. */
export const rolloutsQuery = ({ status, environment }: RolloutFilter) =>
  infiniteQueryOptions({
    queryKey: ['rollouts', 'list', status ?? null, environment ?? null],
    queryFn: ({ pageParam }) =>
      body(
        api.GET('/api/v1/rollouts', {
          params: { query: { status, environment_id: environment, limit: PAGE, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.next_cursor ?? undefined,
  })

/** All rollouts that are on, however old they are: none of them may hide on a later page. */
export const rolloutsOnQuery = (environment: string | undefined) =>
  queryOptions({
    queryKey: ['rollouts', 'on', environment ?? null],
    queryFn: async (): Promise<Rollout[]> => {
      const pages = await Promise.all(
        ['PAUSED', 'RUNNING'].map(status =>
          body(api.GET('/api/v1/rollouts', { params: { query: { status, environment_id: environment, limit: 500 } } })),
        ),
      )
      return pages.flatMap(page => page.data)
    },
  })

/** One rollout, by the id of its exposure schedule. */
export const rolloutQuery = (id: string) =>
  queryOptions({
    queryKey: ['rollouts', id],
    queryFn: () =>
      body(api.GET('/api/v1/rollouts/{exposure_schedule_id}', { params: { path: { exposure_schedule_id: id } } })),
  })

/**
 * What guardrails know of a run (absent: the last one). The stream of changes does not tell of evidence, so it is asked
 * for every two seconds while `isMoving`.
 */
export const guardrailsQuery = (id: string, run: number | undefined, isMoving: boolean) =>
  queryOptions({
    queryKey: ['rollouts', id, 'guardrails', run ?? null],
    queryFn: () =>
      body(
        api.GET('/api/v1/rollouts/{exposure_schedule_id}/guardrails', {
          params: { path: { exposure_schedule_id: id }, query: { run } },
        }),
      ),
    refetchInterval: isMoving ? EVIDENCE_EVERY_MS : false,
  })

/** How the evidence of a run stood over time. */
export const evidenceHistoryQuery = (id: string, run: number | undefined, isMoving: boolean) =>
  queryOptions({
    queryKey: ['rollouts', id, 'evidence', run ?? null],
    queryFn: () =>
      body(
        api.GET('/api/v1/rollouts/{exposure_schedule_id}/guardrails/history', {
          params: { path: { exposure_schedule_id: id }, query: { run } },
        }),
      ),
    refetchInterval: isMoving ? EVIDENCE_EVERY_MS : false,
  })
