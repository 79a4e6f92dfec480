import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { launch, Person } from './browser'
import type { Credentials } from './server'
import { Server } from './server'

/** A server and a browser for the tests of a file. */
export class World {
  server!: Server
  browser!: Browser

  /** Starts both before the tests of the file that calls it, and stops them after. */
  static forThisFile(...options: string[]): World {
    const world = new World()
    beforeAll(async () => {
      ;[world.server, world.browser] = await Promise.all([Server.start(...options), launch()])
    })
    afterAll(async () => {
      await world.browser?.close()
      await world.server?.stop()
    })
    return world
  }

  /** Somebody who is signed in; the administrator where nobody is named. */
  signedIn(who?: Credentials, options: { colorScheme?: 'light' | 'dark'; width?: number } = {}): Promise<Person> {
    return Person.signedIn(this.browser, this.server, who, options)
  }
}
