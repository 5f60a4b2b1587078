import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
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
