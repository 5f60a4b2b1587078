import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes a minute and more by itself, the longest first: one that begins last keeps everybody waiting for it. */
const LONGEST = [
  'test/e2e/rm-command.test.ts',
  'test/model/inventory.test.ts',
  'test/e2e/policy.test.ts',
  'src/evict/execution.test.ts',
  'scripts/demo.test.ts',
  'src/evict/kill.test.ts',
  'test/node/agreement.test.ts',
  'test/e2e/images-command.test.ts',
  'test/e2e/api-outage.test.ts',
  'test/e2e/plan-command.test.ts',
  'test/e2e/kill.test.ts',
  'src/registry/hostile.test.ts',
  'test/e2e/many-findings.test.ts',
  'test/e2e/why-policies.test.ts',
  'test/e2e/policy-unfinished.test.ts',
  'test/e2e/policy-takeover.test.ts',
  'test/node/policy.test.ts',
  'test/e2e/clusters.test.ts',
  'src/scan/rough-network.test.ts',
  'test/e2e/policy-given-up.test.ts',
  'test/e2e/restore-command.test.ts',
  'test/node/story.test.ts',
  'test/e2e/check-command.test.ts',
  'test/e2e/workspace.test.ts',
]

/** The order of files. Where nothing ran before, as in a fresh clone, vitest knows nothing but how large they are. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}`))
      return at < 0 ? LONGEST.length : at
    }
    return sorted.toSorted((one, other) => place(one) - place(other))
  }
}
