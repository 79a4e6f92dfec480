import { MutationCache, QueryClient } from '@tanstack/react-query'
import { ApiFailure } from '~/api/failure'
import { tellFailure } from '~/ui/tell'

/** The cache of answers. Changes are told by the server (`api/live.ts`), so nothing is asked again without a reason. */
export function makeCache(): QueryClient {
  return new QueryClient({
    mutationCache: new MutationCache({
      // What a form shows at its fields is not told twice: it sets `meta.shown`.
      onError: (error, _variables, _context, mutation) => {
        if (!mutation.meta?.shown) tellFailure(error)
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        // Refusals stay refusals; a server that restarts is back in a moment.
        retry: (failures, error) =>
          failures < 3 && (!(error instanceof ApiFailure) || error.status === 0 || error.status >= 500),
        retryDelay: attempt => Math.min(500 * 2 ** attempt, 5_000),
      },
    },
  })
}
