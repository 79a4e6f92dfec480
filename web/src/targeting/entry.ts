import { queryOptions } from '@tanstack/react-query'
import { api, body } from '~/api/client'
import { ApiFailure } from '~/api/failure'
import type { Flag, FlagEntry } from '~/api/flags'

/** A flag in an environment as it is now, with the tag that a change of it has to name. */
export interface Entry {
  flag: Flag
  entry: FlagEntry
  /** For `If-Match`; null where the server names none. */
  etag: string | null
}

/** What a flag serves in an environment. */
export const entryQuery = (flagId: string, environmentId: string) =>
  queryOptions({
    queryKey: ['flag', flagId, 'entry', environmentId],
    queryFn: async (): Promise<Entry> => {
      const place = { params: { path: { flag_id: flagId, environment_id: environmentId } } }
      // The tag comes first: when somebody saves between the two, it is old and the save is refused, and not theirs lost.
      const { response } = await api.GET('/api/v1/flags/{flag_id}/environments/{environment_id}/serving', place)
      const { data } = await body(
        api.GET('/api/v2/feature-flags/{feature_flag_id}', { params: { path: { feature_flag_id: flagId } } }),
      )
      const flag: Flag = { ...data.attributes, id: data.id }
      const entry = flag.feature_flag_environments.find(entry => entry.environment_id === environmentId)
      if (entry === undefined) throw new ApiFailure(404, 'This flag has no such environment.', [])
      return { flag, entry, etag: response.headers.get('ETag') }
    },
  })
