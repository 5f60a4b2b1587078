import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes a minute and more by itself: one that begins last keeps everybody waiting for it. */
const LONGEST = [
  'test/model/inventory.test.ts',
  'test/e2e/policy.test.ts',
  'scripts/demo.test.ts',
  'test/e2e/kill.test.ts',
  'src/evict/kill.test.ts',
  'src/evict/execution.test.ts',
  'test/e2e/rm-command.test.ts',
  'test/e2e/api-outage.test.ts',
  'src/scan/rough-network.test.ts',
]

/** The order of files. Where nothing ran before, as in a fresh clone, vitest knows nothing but how large they are. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.some((name) => moduleId.endsWith(`/${name}`))
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}
