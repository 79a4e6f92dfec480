import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'
import type { Suggestion } from '~/api/suggestions'
import type { Difference } from '~/ui/diff'

/** A suggestion with its differences as they are read. The document describes them as objects only. */
export type Proposed = Omit<Suggestion, 'differences' | 'drift'> & {
  differences: Difference[]
  /** Where what it changes was changed since. Null where that was not looked at. */
  drift: Difference[] | null
}

/** A suggestion as the server shows it, to be read. */
export function proposedOf({ id, attributes }: { id: string; attributes: Schemas['SuggestionOut'] }): Proposed {
  const { differences, drift = null, ...others } = attributes
  return {
    ...others,
    id,
    differences: differences as unknown as Difference[],
    drift: drift as unknown as Difference[] | null,
  }
}

/** One suggestion. */
export const suggestionQuery = (id: string) =>
  queryOptions({
    queryKey: ['suggestions', 'one', id],
    queryFn: async () => {
      const params = { path: { suggestion_id: id } }
      return proposedOf((await body(api.GET('/api/v2/feature-flags/suggestions/{suggestion_id}', { params }))).data)
    },
  })

/** Suggestions that are open, or that are not any more, the last changed first. */
export const suggestionsQuery = (isOpen: boolean) =>
  infiniteQueryOptions({
    queryKey: ['suggestions', 'list', isOpen],
    queryFn: async ({ pageParam }) => {
      const query = { is_open: isOpen, limit: 50, cursor: pageParam }
      const { data, meta } = await body(api.GET('/api/v2/feature-flags/suggestions', { params: { query } }))
      return { suggestions: data.map(proposedOf), next: meta.next_cursor ?? null }
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.next ?? undefined,
  })
