import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Every file starts its own servers; more than two at once only makes each slower.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 240_000,
    allowOnly: process.env.CI === undefined,
    reporters: ['default', './test/closing-line.ts'],
  },
})
