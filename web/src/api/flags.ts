import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from './client'

/** A flag as the Datadog dialect shows it, with what every environment serves. */
export type Flag = Schemas['FlagAttributes'] & {
  id: string
  /** The version of the flag that this is, for `If-Match`; absent where the server names none. */
  etag?: string
}
/** A flag in an environment. */
export type FlagEntry = Schemas['FlagEnvironmentEntry']
/** One of the values that a flag can have. */
export type Variant = Schemas['VariantOut']
/** A targeting rule with whom it is for, and what they get. */
export type Allocation = Schemas['AllocationOut']
/** An environment. */
export type Environment = Schemas['EnvironmentAttributes'] & { id: string }

/** A flag with everything it serves. */
export const flagQuery = (id: string) =>
  queryOptions({
    queryKey: ['flag', id],
    queryFn: async (): Promise<Flag> => {
      const answer = api.GET('/api/v2/feature-flags/{feature_flag_id}', { params: { path: { feature_flag_id: id } } })
      const { data } = await body(answer)
      const { response } = await answer
      return { ...data.attributes, id: data.id, etag: response.headers.get('ETag') ?? undefined }
    },
  })

/** The environments of the project, production last. */
export const environmentsQuery = queryOptions({
  queryKey: ['environments'],
  queryFn: async (): Promise<Environment[]> => {
    const { data } = await body(api.GET('/api/v2/feature-flags/environments', { params: { query: { limit: 100 } } }))
    const all = data.map(({ id, attributes }) => ({ ...attributes, id }))
    return all.sort(
      (a, b) => Number(a.is_production) - Number(b.is_production) || a.created_at.localeCompare(b.created_at),
    )
  },
})

/** The allocations of an entry in the order of evaluation: the API shows them by key, as a list, or not at all. */
export function allocationsOf(entry: FlagEntry): Allocation[] {
  const shown = Array.isArray(entry.allocations) ? entry.allocations : Object.values(entry.allocations ?? {})
  return shown.sort((a, b) => a.order_position - b.order_position)
}

/** Switches a flag on or off in an environment. True when that was done; false when it waits for an approval. */
export async function switchFlag(flagId: string, environmentId: string, on: boolean): Promise<boolean> {
  const params = { params: { path: { feature_flag_id: flagId, environment_id: environmentId } } }
  const { response } = on
    ? await api.POST('/api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/enable', params)
    : await api.POST('/api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/disable', params)
  return response.status !== 202
}
