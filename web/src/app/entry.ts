import type { QueryClient } from '@tanstack/react-query'
import { redirect } from '@tanstack/react-router'
import { chooseProject, chosenProject } from '~/api/client'
import { ApiFailure } from '~/api/failure'
import { me } from '~/api/session'

const isRefusal = (error: unknown, ...statuses: number[]) =>
  error instanceof ApiFailure && statuses.includes(error.status)

/**
 * Lets somebody into the console: to the page `wanted` if they are signed in, else to the sign-in. Who was taken out of
 * the project that they chose goes on in another one of theirs.
 */
export async function enter(cache: QueryClient, wanted: string) {
  const known = cache.getQueryState(me.queryKey)
  // Who was refused meanwhile is asked for again, though the cache still has what they were.
  const ask = () =>
    isRefusal(known?.error, 401, 403) ? cache.fetchQuery({ ...me, staleTime: 0 }) : cache.ensureQueryData(me)
  try {
    try {
      await ask()
    } catch (error) {
      if (!isRefusal(error, 403) || chosenProject() === null) throw error
      chooseProject(null)
      // What is in memory, the stream and the address belong to the project that is lost.
      if (known?.data !== undefined) throw redirect({ to: '/flags', reloadDocument: true })
      await cache.fetchQuery({ ...me, staleTime: 0 })
    }
  } catch (error) {
    throw isRefusal(error, 401) ? redirect({ to: '/sign-in', search: { next: wanted } }) : error
  }
}
