import { useQuery } from '@tanstack/react-query'
import { api, body } from '~/api/client'
import { type Flag, flagQuery } from '~/api/flags'

/** The flag with a key, with everything it serves; undefined while it is not known, or when there is none. */
export function useFlagByKey(key: string | undefined): Flag | undefined {
  const { data: id } = useQuery({
    queryKey: ['flag-id', key],
    queryFn: async () => {
      const { data } = await body(api.GET('/api/v2/feature-flags', { params: { query: { key, limit: 1 } } }))
      return data[0]?.id ?? null
    },
    enabled: key !== undefined,
    // The key of a flag never changes.
    staleTime: Number.POSITIVE_INFINITY,
  })
  const { data } = useQuery({ ...flagQuery(id ?? ''), enabled: Boolean(id) })
  return data?.key === key ? data : undefined
}
