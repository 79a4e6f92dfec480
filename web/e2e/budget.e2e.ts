import { expect, test } from 'vitest'
import { World } from './world'

/** What a first visit may weigh, compressed as it comes over the wire: everything but answers of the API. */
const FIRST_LOAD_MAX_BYTES = 250_000

const world = World.forThisFile('--demo')

test.each(['/flags', '/rollouts', '/sign-in'])('a first visit to %s stays within its budget', async path => {
  const visitor = await world.signedIn()
  await visitor.open(path)
  await visitor.settled()
  const files = await visitor.page.evaluate(() =>
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .map(entry => entry as PerformanceResourceTiming)
      .filter(({ name }) => new URL(name).pathname.startsWith('/console'))
      .map(({ name, encodedBodySize, decodedBodySize }) => ({ name, encodedBodySize, decodedBodySize })),
  )
  const sum = (of: 'encodedBodySize' | 'decodedBodySize') => files.reduce((total, file) => total + file[of], 0)
  console.log(`${path}: ${sum('encodedBodySize')} bytes in ${files.length} files`)
  // Scripts, styles and the page itself; and they are compressed.
  expect(files.length).toBeGreaterThan(4)
  expect(sum('decodedBodySize')).toBeGreaterThan(2 * sum('encodedBodySize'))
  expect(sum('encodedBodySize'), JSON.stringify(files)).toBeLessThanOrEqual(FIRST_LOAD_MAX_BYTES)
  await visitor.leave()
})
