import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from './client'

/** A change that waits for somebody else to approve it. */
export type Suggestion = Schemas['SuggestionOut'] & { id: string }

/** What waits for an approval, the newest first. */
export const openSuggestionsQuery = queryOptions({
  queryKey: ['suggestions', 'open'],
  queryFn: async (): Promise<Suggestion[]> => {
    const { data } = await body(
      api.GET('/api/v2/feature-flags/suggestions', { params: { query: { is_open: true, limit: 100 } } }),
    )
    return data.map(({ id, attributes }) => ({ ...attributes, id }))
  },
})
