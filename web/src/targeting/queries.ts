import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'
import type { FilterChoice } from './condition-row'
import { type ScheduleDraft, sentSchedule } from './draft'

/** The saved filters that conditions can name. */
export const filterChoicesQuery = queryOptions({
  queryKey: ['saved-filters', 'choices'],
  queryFn: async (): Promise<FilterChoice[]> => {
    const { data } = await body(api.GET('/api/v2/feature-flags/saved-filters', { params: { query: { limit: 1000 } } }))
    return data.map(({ id, attributes }) => ({ id: id as string, name: attributes.name }))
  },
})

/** The metrics that can watch a rollout. */
export const watchingMetricsQuery = queryOptions({
  queryKey: ['metrics', 'watching'],
  queryFn: async (): Promise<Schemas['MetricOut'][]> => (await body(api.GET('/api/v1/metrics'))).metrics,
})

/** When a schedule would enter its steps, if it began at `start` (RFC 3339) or at its own time. */
export const previewQuery = (schedule: ScheduleDraft, start: string | undefined) =>
  queryOptions({
    queryKey: ['preview', schedule, start ?? null],
    queryFn: () =>
      body(
        api.POST('/api/v1/rollouts/preview', {
          body: { exposure_schedule: ofNoFlag(schedule), start },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })

/** The schedule without the ids of anything, which a preview knows nothing of. */
function ofNoFlag(schedule: ScheduleDraft): Schemas['ExposureScheduleIn'] {
  const steps = schedule.rollout_steps.map(step => ({ ...step, id: null }))
  return sentSchedule({ ...schedule, id: null, control_variant_id: null, rollout_steps: steps })
}
