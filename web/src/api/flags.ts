import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from './client'

/** A flag as the Datadog dialect shows it, with what every environment serves. */
export type Flag = Schemas['FlagAttributes'] & { id: string }
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
      const { data } = await body(
        api.GET('/api/v2/feature-flags/{feature_flag_id}', { params: { path: { feature_flag_id: id } } }),
      )
      return { ...data.attributes, id: data.id }
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

/** The allocations of an entry, which the document shows as a list or, where there are none, as an empty object. */
export function allocationsOf(entry: FlagEntry): Allocation[] {
  return Array.isArray(entry.allocations) ? entry.allocations : []
}

/** Switches a flag on or off in an environment. True when that was done; false when it waits for an approval. */
export async function switchFlag(flagId: string, environmentId: string, on: boolean): Promise<boolean> {
  const params = { params: { path: { feature_flag_id: flagId, environment_id: environmentId } } }
  const { response } = on
    ? await api.POST('/api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/enable', params)
    : await api.POST('/api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/disable', params)
  return response.status !== 202
}
