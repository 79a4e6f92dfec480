import { defineConfig } from 'vitest/config'

/** The figures of docs/performance.md: `FLAGHOIST_BINARY=…/release/flaghoist npm run measure`. */
export default defineConfig({ test: { include: ['e2e/measure.ts'], testTimeout: 600_000, hookTimeout: 600_000 } })
