import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'

/** Rules that several flags share by reference. */
export type SavedFilter = Schemas['SavedFilterAttributes'] & { id: string }
/** A flag that uses a saved filter in an environment. */
export type Use = Schemas['SavedFilterUseOut']

/** How many saved filters are asked for at once. */
export const PAGE_SIZE = 50

/** The saved filters that a search finds, oldest first, and how many there are of them. */
export const filtersQuery = (search: string, limit: number) =>
  queryOptions({
    queryKey: ['saved-filters', 'list', search, limit],
    queryFn: async (): Promise<{ filters: SavedFilter[]; total: number }> => {
      const { data, meta } = await body(
        api.GET('/api/v2/feature-flags/saved-filters', { params: { query: { ...(search && { search }), limit } } }),
      )
      return { filters: data.map(({ id, attributes }) => ({ ...attributes, id })), total: meta.total }
    },
    placeholderData: before => before,
  })

/** One saved filter. */
export const filterQuery = (id: string) =>
  queryOptions({
    queryKey: ['saved-filters', id],
    queryFn: async (): Promise<SavedFilter> => {
      const { data } = await body(
        api.GET('/api/v2/feature-flags/saved-filters/{saved_filter_id}', { params: { path: { saved_filter_id: id } } }),
      )
      return { ...data.attributes, id: data.id }
    },
  })

/** Each flag in each environment that uses a saved filter. */
export const usesQuery = (id: string) =>
  queryOptions({
    queryKey: ['saved-filters', id, 'uses'],
    queryFn: async (): Promise<Use[]> =>
      (
        await body(
          api.GET('/api/v1/saved-filters/{saved_filter_id}/flags', { params: { path: { saved_filter_id: id } } }),
        )
      ).uses,
  })
