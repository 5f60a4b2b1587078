import { configDefaults, defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

const everyRequest = process.env.TALLYMAN_EVERY_REQUEST === '1'

/** Minutes each: `make soak PART=kills` runs them. */
const KILLS = [
  'src/evict/disturbed-kill.test.ts',
  'src/evict/execution-kill.test.ts',
  'src/evict/trash-kill.test.ts',
  'test/e2e/policy-kill.test.ts',
  'test/node/disturbed-run.test.ts',
]
/** What holds within a time, or computes for minutes: a fourth one beside would slow them down. */
const IN_TIME = [
  'scripts/demo.test.ts',
  'src/clusters/cluster-link.test.ts',
  'src/controllers/evicted-watch.test.ts',
  'src/controllers/fresh-usage.test.ts',
  'src/controllers/registry-claims.test.ts',
  'src/runtime/leader-election.test.ts',
  'test/e2e/policy*.test.ts',
  'test/model/**/*.test.ts',
  'test/node/**/*.test.ts',
]
/** Fills an API server with 50,000 pods and changes them as fast as it can: it needs the machine. */
const ALONE = ['test/e2e/crowd.test.ts']
/** scripts/test says why. */
const NODE = process.env.TALLYMAN_NODE === 'absent' ? ['test/node/**'] : []
const exclude = [...configDefaults.exclude, ...NODE, ...(everyRequest ? [] : KILLS)]

export default defineConfig({
  test: {
    pool: 'forks',
    // Files share processes, and with them what takes longer to start than most tests take: clusters (borrowCluster).
    isolate: false,
    testTimeout: 180_000,
    hookTimeout: 240_000,
    allowOnly: process.env.CI === undefined,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './test/closing-line.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'alone', include: ALONE, exclude, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
      {
        extends: true,
        test: {
          name: 'three at once',
          include: IN_TIME,
          exclude,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        // They start servers and wait for them: four at once keep two cores busy.
        test: {
          name: 'four at once',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: [...exclude, ...IN_TIME, ...ALONE],
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
