import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from './client'

/** A flag in one environment, as the list of all flags shows it. */
export type ListedEnvironment = Schemas['ListedEnvironment']
/** A flag as the list of all flags shows it. */
export type ListedFlag = Schemas['ListedFlag']
/** A page of the list. */
export type FlagPage = Schemas['ListedFlags']

/** What the list is narrowed down to and how it is ordered, as it stands in the address of the list. */
export interface FlagFilters {
  search?: string
  tag?: string
  channel?: string
  type?: string
  /** The environment that `status` is about. */
  environment?: string
  /** `ENABLED` or `DISABLED`. */
  status?: string
  staleness?: string
  /** `only` for archived flags; those in use otherwise. The server lists one or the other. */
  archived?: string
  sort?: string
}

/** The orders that the server knows; the first is that of an address that names none. */
export const SORTS = ['-updated_at', 'key', '-created_at'] as const

// The first page is small so that it is there at once; a change makes all loaded pages old, so the others are as large
// as the server lets them be.
const FIRST_PAGE = 50
const NEXT_PAGES = 200

/** What the server is asked for a page of flags; the first page when there is no cursor. */
export function flagListQuery(filters: FlagFilters, cursor: string | null) {
  return {
    search: filters.search || undefined,
    tag: filters.tag || undefined,
    channel: filters.channel || undefined,
    value_type: filters.type || undefined,
    environment_id: filters.environment || undefined,
    status: (filters.environment && filters.status) || undefined,
    staleness: filters.staleness || undefined,
    is_archived: filters.archived === 'only',
    sort: SORTS.find(sort => sort === filters.sort) ?? SORTS[0],
    limit: cursor === null ? FIRST_PAGE : NEXT_PAGES,
    cursor: cursor ?? undefined,
  }
}

/** All flags that fit, page by page. What was shown stays until the first page of other filters is there. */
export const flagPagesQuery = (filters: FlagFilters) =>
  infiniteQueryOptions({
    queryKey: ['flags', 'list', filters],
    queryFn: ({ pageParam, signal }) =>
      body(api.GET('/api/v1/flags', { params: { query: flagListQuery(filters, pageParam) }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next_cursor ?? null,
    placeholderData: keepPreviousData,
  })

/** The tags that flags of the project have. */
export const flagTagsQuery = queryOptions({
  queryKey: ['flags', 'tags'],
  queryFn: async (): Promise<string[]> => {
    const { data } = await body(api.GET('/api/v1/flags/tags'))
    return data.map(({ tag }) => tag)
  },
  retry: false,
})

/** The first flags that have a text in their key, name or description. */
export const foundFlagsQuery = (text: string) =>
  queryOptions({
    queryKey: ['flags', 'found', text],
    queryFn: async ({ signal }): Promise<ListedFlag[]> =>
      (await body(api.GET('/api/v1/flags', { params: { query: { search: text, limit: 8 } }, signal }))).data,
    staleTime: 10_000,
  })
