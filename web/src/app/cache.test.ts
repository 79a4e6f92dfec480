import { expect, test, vi } from 'vitest'
import { ApiFailure } from '~/api/failure'
import { makeCache } from './cache'

const over = () => Promise.reject(new ApiFailure(401, 'the log-in is over', []))

test('a log-in that is over is told of, whatever was asked', async () => {
  const signedOut = vi.fn()
  const cache = makeCache(signedOut)
  await cache.fetchQuery({ queryKey: ['flags'], queryFn: over }).catch(() => {})
  expect(signedOut).toHaveBeenCalledTimes(1)
  await cache
    .getMutationCache()
    .build(cache, { mutationFn: over, meta: { shown: true } })
    .execute(undefined)
    .catch(() => {})
  expect(signedOut).toHaveBeenCalledTimes(2)
})

test('that nobody is signed in yet is no end of anything', async () => {
  const signedOut = vi.fn()
  await makeCache(signedOut)
    .fetchQuery({ queryKey: ['me'], queryFn: over })
    .catch(() => {})
  expect(signedOut).not.toHaveBeenCalled()
})
