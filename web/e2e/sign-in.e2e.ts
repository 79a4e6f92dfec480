import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launch, Person } from './browser'
import { Server } from './server'

let server: Server
let browser: Browser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([Server.start('--demo'), launch()])
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

test('the address of the server leads to the sign-in, and from there to where one wanted to go', async () => {
  const ada = await Person.visiting(browser, server)
  await ada.page.goto('/')
  await ada.page.waitForURL('**/console/sign-in**')
  await ada.page.goto('/console/history?aggregate=flag')
  await ada.page.waitForURL('**/console/sign-in**')
  await ada.signIn(server.bootstrap.admin)
  await ada.page.waitForURL('**/console/history?aggregate=flag')
  await ada.page.getByRole('heading', { level: 1 }).waitFor()
  await ada.leave()
})

test('a wrong password is said to be wrong, and nothing else', async () => {
  const mallory = await Person.visiting(browser, server)
  await mallory.page.goto('/console/sign-in')
  await mallory.signIn({ email: server.bootstrap.admin.email, password: 'a-guess-of-somebody' })
  await mallory.page.getByRole('alert').getByText('E-mail or password is wrong').waitFor()
  expect(new URL(mallory.page.url()).pathname).toBe('/console/sign-in')
  await mallory.leave()
})

test('the secret of a log-in is in a cookie that no script reads, and a request of another site does nothing', async () => {
  const ada = await Person.visiting(browser, server)
  await ada.page.goto('/console/sign-in')
  await ada.signIn(server.bootstrap.admin)
  await ada.page.waitForURL('**/console/flags')
  expect(await ada.page.evaluate(() => document.cookie)).toBe('')
  expect(await ada.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain('fhs_')
  const status = await ada.page.evaluate(async () => (await fetch('/api/v1/session', { method: 'DELETE' })).status)
  expect(status).toBe(403)
  ada.faults.length = 0
  await ada.page.getByRole('button', { name: /^Account of/ }).click()
  await ada.page.getByRole('menuitem', { name: 'Sign out' }).click()
  await ada.page.waitForURL('**/console/sign-in**')
  await ada.page.goto('/console/flags')
  await ada.page.waitForURL('**/console/sign-in**')
  await ada.leave()
})
