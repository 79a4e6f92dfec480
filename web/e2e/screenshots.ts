import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { test } from 'vitest'
import { launch, Person } from './browser'
import { seeded } from './pages'
import { Server } from './server'

const TARGET = process.env.SCREENSHOTS ?? fileURLToPath(new URL('../test-results/screenshots', import.meta.url))

test('every page is pictured, light and dark', async () => {
  await mkdir(TARGET, { recursive: true })
  const [server, browser] = await Promise.all([Server.start('--demo'), launch()])
  try {
    const pages = await seeded(server)
    for (const colorScheme of ['light', 'dark'] as const) {
      const person = await Person.signedIn(browser, server, server.bootstrap.admin, { colorScheme })
      for (const { name, path } of pages) {
        await person.open(path)
        await person.settled()
        await person.page.screenshot({ path: `${TARGET}/${name}-${colorScheme}.png` })
      }
      await person.leave()
    }
  } finally {
    await browser.close()
    await server.stop()
  }
})
