import { defineConfig } from 'vitest/config'

const everyRequest = process.env.TALLYMAN_EVERY_REQUEST === '1'

export default defineConfig({
  test: {
    // Minutes each: `make soak PART=kills` runs them.
    exclude: everyRequest
      ? []
      : ['src/evict/execution-kill.test.ts', 'src/evict/trash-kill.test.ts', 'test/e2e/policy-kill.test.ts'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Every file starts its own servers; more than two at once only makes each slower, and what counts on being in time fails.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 240_000,
    allowOnly: process.env.CI === undefined,
    reporters: ['default', './test/closing-line.ts'],
  },
})
