import { useQuery } from '@tanstack/react-query'
import { api, body } from '~/api/client'
import { type Flag, flagQuery } from '~/api/flags'

/** Flags that are asked for at once. */
const PAGE = 100

/** The flag with a key, with everything it serves; undefined while it is not known, or when there is none. */
export function useFlagByKey(key: string | undefined): Flag | undefined {
  const { data: id } = useQuery({
    queryKey: ['flag-id', key],
    queryFn: async () => {
      // The server finds what has the key in its key.
      for (let offset = 0; ; offset += PAGE) {
        const query = { key, limit: PAGE, offset }
        const { data } = await body(api.GET('/api/v2/feature-flags', { params: { query } }))
        const found = data.find(flag => flag.attributes.key === key)
        if (found || data.length < PAGE) return found?.id ?? null
      }
    },
    enabled: key !== undefined,
    // The key of a flag never changes; one that there is no flag of may get one.
    staleTime: query => (query.state.data ? Number.POSITIVE_INFINITY : 0),
  })
  const { data } = useQuery({ ...flagQuery(id ?? ''), enabled: Boolean(id) })
  return data?.key === key ? data : undefined
}
