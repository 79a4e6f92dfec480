import { beforeEach, expect, test, vi } from 'vitest'

/** The client as a tab has it that was opened or reloaded just now. */
async function loaded() {
  vi.resetModules()
  return await import('./client')
}

const KEY = 'flaghoist-project'

beforeEach(() => {
  localStorage.clear()
  sessionStorage.clear()
})

test('a project that another tab chooses changes nothing here', async () => {
  const tab = await loaded()
  tab.chooseProject('one')
  localStorage.setItem(KEY, 'two')
  expect(tab.requestHeaders()['X-Flaghoist-Project']).toBe('one')
  expect((await loaded()).chosenProject()).toBe('one')
})

test('a new tab begins with the project that was chosen last', async () => {
  localStorage.setItem(KEY, 'two')
  expect((await loaded()).chosenProject()).toBe('two')
})

test('who goes back to their first project stays there over a reload', async () => {
  const tab = await loaded()
  tab.chooseProject(null)
  localStorage.setItem(KEY, 'two')
  expect((await loaded()).requestHeaders()).toEqual({ 'X-Flaghoist-CSRF': '1' })
})
