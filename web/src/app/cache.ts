import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiFailure } from '~/api/failure'
import { tellFailure } from '~/ui/tell'

const isOver = (error: unknown) => error instanceof ApiFailure && error.status === 401

/**
 * The cache of answers. Changes are told by the server (`api/live.ts`), so nothing is asked again without a reason.
 * `signedOut` is called when the server takes the log-in no more.
 */
export function makeCache(signedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      // Whether anybody is signed in at all is the question of who comes in (`entry.ts`).
      onError: (error, { queryKey: [area], state }) => {
        if (isOver(error) && (area !== 'me' || state.data !== undefined)) signedOut()
      },
    }),
    mutationCache: new MutationCache({
      // What a form shows at its fields is not told twice: it sets `meta.shown`.
      onError: (error, _variables, _context, mutation) => {
        if (isOver(error)) signedOut()
        else if (!mutation.meta?.shown) tellFailure(error)
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
