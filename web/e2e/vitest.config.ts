import { defineConfig } from 'vitest/config'

/** Journeys through the real program with a real browser: `npm run journeys`. */
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Each file has a server and a browser of its own; more of them than cores would only wait for each other.
    maxWorkers: 2,
    reporters: ['verbose'],
  },
})
