import { describe, expect, test } from 'vitest'
import { packedCsvPlan } from '#report/csv-plan.ts'
import { htmlPlan } from '#report/html-plan.ts'
import { packedJsonPlan } from '#report/json-plan.ts'
import { packPlan, unpackedRows } from '#report/packed-plan.ts'
import { removalsOf } from '#report/plan-removals.ts'
import { redactedPlan } from '#report/redacted-plan.ts'
import { reason } from '#retention/reasons.ts'
import { collected } from '#test/harness/collected.ts'
import { policyPlan, verdict } from '#test/harness/policy-plan.ts'
import { READ_AT } from '#test/harness/registry-facts.ts'

const SECRET = 'prod-eu/hidden-ns/Deployment/hidden-name'
const NAMING = [
  reason('InUse', `${SECRET} runs it`, 3),
  reason('UsedLately', SECRET, 0, READ_AT),
  reason('Pinned', SECRET),
  reason('Incomplete', SECRET),
]

describe('S19: a plan for a place that everybody may read', () => {
  test('names no workload in its rows, its changes or what stands against it, and says all else', async () => {
    const verdicts = NAMING.map((why, at) => verdict(`${at}`, 'keep', why))
    const plan = await policyPlan({
      repositories: [{ name: 'app', verdicts: [...verdicts, verdict('9', 'evict')] }],
      before: verdicts.map(({ tag, digest }) => ({ repository: 'app', tag, digest, action: 'evict' })),
      blocks: [{ code: 'NotSynced', message: SECRET, isAcceptable: false }],
    })
    const packed = await packPlan(plan)
    const shown = await redactedPlan(packed)
    const files = async (of: typeof packed) => [
      ...(await collected(packedJsonPlan(of))),
      ...(await collected(packedCsvPlan(of))),
      ...htmlPlan(of),
      ...(await collected(unpackedRows(of))).map((rows) => JSON.stringify(rows)),
    ]
    expect((await files(packed)).join('')).toContain('hidden-name')
    expect((await files(shown)).join('')).not.toContain('hidden-n')
    expect(await removalsOf(shown)).toEqual(await removalsOf(packed))
    expect(shown.head).toMatchObject({
      digest: packed.head.digest,
      summary: packed.head.summary,
      changes: { dropped: 4 },
      blocks: [{ code: 'NotSynced' }],
    })
    const [rows = []] = await collected(unpackedRows(shown))
    expect(rows.map(({ reason: why }) => why)).toEqual([
      'something uses it',
      'something used it lately',
      'it is pinned',
      'its repository was not read in full',
      '41 newer digests, not used since 2026-11-01',
    ])
    expect(shown.content).not.toBe(packed.content)
  })
})
