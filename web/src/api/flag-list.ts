import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { requestHeaders, type Schemas } from './client'
import { failureOf } from './failure'

/** A flag in one environment, as the list of all flags shows it. */
export interface ListedEnvironment {
  environment_id: string
  environment_key: string
  status: string
  /** How many allocations it has. */
  has_allocations: number
  /** State of the rollout that is furthest from its end; null without one. */
  rollout_status: string | null
  /** Share of the traffic that the rollout lets in, 0 to 1. */
  rollout_ratio: number | null
  /** The oldest change that waits for an approval. */
  pending_suggestion_id: string | null
  last_evaluated_at: string | null
}

/** A flag as the list of all flags shows it: `GET /api/v1/flags`. */
export interface ListedFlag {
  id: string
  key: string
  name: string
  description: string
  value_type: Schemas['ValueTypeName']
  channel: Schemas['DistributionChannelName']
  tags: string[]
  archived_at: string | null
  created_at: string
  updated_at: string
  created_by: string | null
  require_approval: boolean
  /** `ACTIVE`, `STALE` or `PERMANENT`. */
  staleness_status: string
  stale_reason: string | null
  last_evaluated_at: string | null
  variant_count: number
  environments: ListedEnvironment[]
}

/** A page of the list. */
export interface FlagPage {
  data: ListedFlag[]
  next_cursor: string | null
  /** How many flags there are in all pages. */
  total_count: number
}

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
  /** `only` for archived flags, `all` for both; those in use otherwise. */
  archived?: string
  sort?: string
}

/** The orders that the server knows; the first is that of an address that names none. */
export const SORTS = ['-updated_at', 'key', '-created_at'] as const

// The first page is small so that it is there at once; a change makes all loaded pages old, so the others are large.
const FIRST_PAGE = 100
const NEXT_PAGES = 500

/** The query string that asks the server for flags. */
export function flagListQuery(filters: FlagFilters, limit: number, cursor: string | null): string {
  const asked: Record<string, string | undefined> = {
    search: filters.search,
    tag: filters.tag,
    channel: filters.channel,
    value_type: filters.type,
    environment_id: filters.environment,
    status: filters.environment ? filters.status : undefined,
    staleness: filters.staleness,
    is_archived: filters.archived === 'all' ? undefined : String(filters.archived === 'only'),
    sort: SORTS.find(sort => sort === filters.sort) ?? SORTS[0],
    limit: String(limit),
    cursor: cursor ?? undefined,
  }
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(asked)) if (value) query.set(name, value)
  return query.toString()
}

async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await fetch(path, { headers: requestHeaders(), signal })
  if (!answer.ok) throw await failureOf(answer)
  return (await answer.json()) as T
}

/** All flags that fit, page by page. What was shown stays until the first page of other filters is there. */
export const flagPagesQuery = (filters: FlagFilters) =>
  infiniteQueryOptions({
    queryKey: ['flags', 'list', filters],
    queryFn: ({ pageParam, signal }) => {
      const limit = pageParam === null ? FIRST_PAGE : NEXT_PAGES
      return read<FlagPage>(`/api/v1/flags?${flagListQuery(filters, limit, pageParam)}`, signal)
    },
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next_cursor,
    placeholderData: keepPreviousData,
  })

/** The tags that flags of the project have. */
export const flagTagsQuery = queryOptions({
  queryKey: ['flags', 'tags'],
  queryFn: async (): Promise<string[]> => {
    const { data } = await read<{ data: { tag: string; flag_count: number }[] }>('/api/v1/flags/tags')
    return data.map(({ tag }) => tag)
  },
  retry: false,
})

/** The first flags that have a text in their key, name or description. */
export const foundFlagsQuery = (text: string) =>
  queryOptions({
    queryKey: ['flags', 'found', text],
    queryFn: async ({ signal }): Promise<ListedFlag[]> =>
      (await read<FlagPage>(`/api/v1/flags?limit=8&search=${encodeURIComponent(text)}`, signal)).data,
    staleTime: 10_000,
  })
