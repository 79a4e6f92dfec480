import { queryOptions } from '@tanstack/react-query'
import { requestHeaders } from './client'
import { failureOf } from './failure'

/** A flag as the list of all flags shows it: `GET /api/v1/flags`. */
export interface ListedFlag {
  id: string
  key: string
  name: string
}

/** The first flags that have a text in their key, name or description. */
export const foundFlagsQuery = (text: string) =>
  queryOptions({
    queryKey: ['flags', 'found', text],
    queryFn: async (): Promise<ListedFlag[]> => {
      const answer = await fetch(`/api/v1/flags?limit=8&search=${encodeURIComponent(text)}`, {
        headers: requestHeaders(),
      })
      if (!answer.ok) throw await failureOf(answer)
      return ((await answer.json()) as { data: ListedFlag[] }).data
    },
    staleTime: 10_000,
  })
