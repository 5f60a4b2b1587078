import { expect, test } from 'vitest'
import { inUseIndex } from '#inventory/in-use-index.ts'
import { lateUse } from '#retention/late-use.ts'
import { HOST, judged } from '#test/harness/judging.ts'
import { imageFacts, repositoryFacts } from '#test/harness/registry-facts.ts'

test('S12: what the plan does not let go nobody may take, but for what an earlier one let go', () => {
  const [a, b] = [imageFacts('a', 10), imageFacts('b', 20)]
  const judgement = judged({ repositories: [repositoryFacts('app', { v2: a, v1: b })], manifests: [a, b] })
  const unused = inUseIndex({ snapshots: [] }, { host: HOST, aliases: [] })
  const candidates = [a, b].map(({ digest }) => ({ repository: 'app', digest }))
  const codes = (late: ReturnType<typeof lateUse>) => candidates.map((each) => late(each, unused)?.code)
  expect(codes(lateUse(judgement))).toEqual(['NotApproved', undefined])
  expect(codes(lateUse(judgement, [a.digest]))).toEqual([undefined, undefined])
})
