import { expect, test } from 'vitest'
import type { Draft } from '~/targeting/draft'
import { recalled, remember } from '~/targeting/held'
import { forgetDrafts, hasDrafts } from './drafts'

test('who signs out leaves no draft behind, and everything else', () => {
  sessionStorage.setItem('flaghoist-project', 'one')
  const draft = { allocations: [] } as unknown as Draft
  sessionStorage.setItem('flaghoist-draft:other:environment', '{}')
  remember('flag', 'environment', { base: draft, etag: null, draft: { ...draft, defaultVariantKey: 'on' } as Draft })
  expect(recalled('flag', 'environment')).not.toBeNull()
  expect(hasDrafts()).toBe(true)
  forgetDrafts()
  expect(recalled('flag', 'environment')).toBeNull()
  expect(hasDrafts()).toBe(false)
  expect(sessionStorage.getItem('flaghoist-project')).toBe('one')
})
