import type { QueryClient } from '@tanstack/react-query'
import { isRedirect } from '@tanstack/react-router'
import { beforeEach, expect, test, vi } from 'vitest'
import { api, chooseProject, chosenProject } from '~/api/client'
import { ApiFailure } from '~/api/failure'
import { makeCache } from './cache'
import { enter } from './entry'

/** What the server answers when it is asked who is signed in, one after the other; the project that each named. */
function answering(...statuses: number[]) {
  const named: (string | null)[] = []
  vi.spyOn(api, 'GET').mockImplementation(async () => {
    named.push(chosenProject())
    const status = statuses.shift() ?? 500
    if (status !== 200) throw new ApiFailure(status, 'refused', [])
    return { data: { name: 'Ada' } } as never
  })
  return named
}

const went = (cache: QueryClient) =>
  enter(cache, '/history').then(
    () => 'in',
    (error: unknown) => {
      if (!isRedirect(error)) throw error
      return error.options
    },
  )

beforeEach(() => chooseProject(null))

test('who is not signed in goes to the sign-in and from there to where they wanted', async () => {
  answering(401)
  expect(await went(makeCache(() => {}))).toMatchObject({
    to: '/sign-in',
    search: { next: '/history' },
  })
})

test('who was taken out of the chosen project comes into another one', async () => {
  chooseProject('lost')
  const named = answering(403, 200)
  expect(await went(makeCache(() => {}))).toBe('in')
  expect(named).toEqual(['lost', null])
  expect(chosenProject()).toBeNull()
})

test('a cached answer does not let in who was refused meanwhile', async () => {
  const cache = makeCache(() => {})
  answering(200, 403, 403)
  await enter(cache, '/flags')
  await cache.refetchQueries({ queryKey: ['me'] })
  await expect(enter(cache, '/flags')).rejects.toMatchObject({ status: 403 })
})

test('who is taken out of the chosen project while the console is open begins anew', async () => {
  const cache = makeCache(() => {})
  answering(200, 403, 403)
  await enter(cache, '/flags')
  await cache.refetchQueries({ queryKey: ['me'] })
  chooseProject('lost')
  expect(await went(cache)).toMatchObject({ to: '/flags', reloadDocument: true })
  expect(chosenProject()).toBeNull()
})
