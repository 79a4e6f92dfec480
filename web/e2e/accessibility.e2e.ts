import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launch, Person } from './browser'
import { type PictureOf, seeded } from './pages'
import { Server } from './server'

let server: Server
let browser: Browser
let pages: PictureOf[]

beforeAll(async () => {
  ;[server, browser] = await Promise.all([Server.start('--demo'), launch()])
  pages = await seeded(server)
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

test.each(['light', 'dark'] as const)(
  'no page has a serious obstacle for anybody, %s',
  async colorScheme => {
    const violations: string[] = []
    const person = await Person.signedIn(browser, server, server.bootstrap.admin, { colorScheme })
    for (const { name, path } of pages) {
      await person.open(path)
      await person.settled()
      violations.push(...(await person.violations()).map(violation => `${name}: ${violation}`))
    }
    expect(violations).toEqual([])
    await person.leave()
  },
  240_000,
)

test('no page is wider than a telephone', async () => {
  const wide: string[] = []
  const person = await Person.signedIn(browser, server, server.bootstrap.admin, { width: 400 })
  for (const { name, path } of pages) {
    await person.open(path)
    await person.settled()
    const over = await person.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    if (over > 0) wide.push(`${name} by ${over} pixels`)
  }
  expect(wide).toEqual([])
  await person.leave()
}, 240_000)
