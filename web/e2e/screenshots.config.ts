import { defineConfig } from 'vitest/config'

/** Pictures of every page, light and dark: `npm run screenshots`, to `test-results/screenshots`. */
export default defineConfig({ test: { include: ['e2e/screenshots.ts'], testTimeout: 600_000, hookTimeout: 120_000 } })
