import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query'
import type { FlagPage } from '~/api/flag-list'
import { type Flag, switchFlag } from '~/api/flags'

/** Pages of the list as the cache has them. */
interface Pages {
  pages: FlagPage[]
  pageParams: unknown[]
}

const statusOf = (on: boolean) => (on ? 'ENABLED' : 'DISABLED')

/** The list with a flag switched in an environment; pages without it stay the same objects. */
export function switchedInPages(pages: Pages, flagId: string, environmentId: string, on: boolean): Pages {
  return {
    ...pages,
    pages: pages.pages.map(page =>
      page.data.some(flag => flag.id === flagId)
        ? {
            ...page,
            data: page.data.map(flag =>
              flag.id === flagId ? { ...flag, environments: switched(flag.environments, environmentId, on) } : flag,
            ),
          }
        : page,
    ),
  }
}

function switched<E extends { environment_id: string; status: string }>(entries: E[], id: string, on: boolean): E[] {
  return entries.map(entry => (entry.environment_id === id ? { ...entry, status: statusOf(on) } : entry))
}

/** Shows a flag as switched wherever it is shown. What the server says afterwards takes its place. */
function show(cache: QueryClient, flagId: string, environmentId: string, on: boolean) {
  cache.setQueriesData<Pages>(
    { queryKey: ['flags', 'list'] },
    pages => pages && switchedInPages(pages, flagId, environmentId, on),
  )
  cache.setQueryData<Flag>(
    ['flag', flagId],
    flag =>
      flag && {
        ...flag,
        feature_flag_environments: switched(flag.feature_flag_environments, environmentId, on),
      },
  )
}

/**
 * Switches a flag in an environment. With `optimistic` it is shown at once, and taken back when it fails. The result
 * is false when the change waits for an approval.
 */
export function useSwitch(flagId: string, environmentId: string, optimistic: boolean) {
  const cache = useQueryClient()
  const mutationKey = ['switch', flagId, environmentId]
  // Counts this one too, which is pending until it is settled.
  const isLast = () => cache.isMutating({ mutationKey }) <= 1
  return useMutation({
    mutationKey,
    // One after the other: the last click has the last word.
    scope: { id: mutationKey.join(' ') },
    mutationFn: (on: boolean) => switchFlag(flagId, environmentId, on),
    meta: { shown: !optimistic },
    onMutate: async on => {
      if (!optimistic) return
      // An answer that is on its way would show how it was before.
      await cache.cancelQueries({ queryKey: ['flags', 'list'] })
      show(cache, flagId, environmentId, on)
    },
    onError: (_error, on) => {
      if (optimistic && isLast()) show(cache, flagId, environmentId, !on)
    },
    onSuccess: (isDone, on) => {
      if (optimistic !== isDone && isLast()) show(cache, flagId, environmentId, isDone ? on : !on)
    },
    onSettled: () => {
      if (!isLast()) return
      void cache.invalidateQueries({ queryKey: ['flags'] })
      void cache.invalidateQueries({ queryKey: ['flag', flagId] })
      void cache.invalidateQueries({ queryKey: ['suggestions'] })
      void cache.invalidateQueries({ queryKey: ['rollouts'] })
    },
  })
}
