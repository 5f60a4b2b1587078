import { defineConfig } from 'vitest/config'

const everyRequest = process.env.TALLYMAN_EVERY_REQUEST === '1'

export default defineConfig({
  test: {
    // Minutes each: `make soak PART=kills` runs them.
    exclude: everyRequest ? [] : ['src/evict/execution-kill.test.ts', 'test/e2e/policy-kill.test.ts'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Files wait for servers about half of their time: three at once fill two cores, four only make each slower.
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 240_000,
    allowOnly: process.env.CI === undefined,
    reporters: ['default', './test/closing-line.ts'],
  },
})
