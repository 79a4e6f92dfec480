import { describe, expect, it } from 'vitest'
import { leavesTab } from './leaving-tab'

describe('what is written in a tab', () => {
  const here = { pathname: '/flags/a', search: { tab: 'settings' } }
  it('is left by going to another page or to another tab of the same', () => {
    expect(leavesTab(here, { ...here, pathname: '/flags' })).toBe(true)
    expect(leavesTab(here, { ...here, search: { tab: 'access' } })).toBe(true)
    expect(leavesTab(here, { ...here, search: {} })).toBe(true)
  })
  it('is not left while the tab stays the same', () => {
    expect(leavesTab(here, { ...here, search: { tab: 'settings', created: 'true' } })).toBe(false)
  })
})
