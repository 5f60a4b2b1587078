import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvPlan, packedCsvEvictions, packedCsvPlan } from '#report/csv-plan.ts'
import { jsonPlan, packedJsonPlan } from '#report/json-plan.ts'
import { packPlan, unpackedRows } from '#report/packed-plan.ts'
import { removalLines, removalsOf } from '#report/plan-removals.ts'
import { planRows } from '#report/plan-rows.ts'
import { reason } from '#retention/reasons.ts'
import { collected } from '#test/harness/collected.ts'
import {
  anyRepositories,
  manyTags,
  policyPlan,
  SAMPLE,
  verdict,
  WORKLOAD,
} from '#test/harness/policy-plan.ts'
import { DAY_MS, READ_AT } from '#test/harness/registry-facts.ts'

async function joined(pieces: AsyncIterable<string>): Promise<string> {
  return (await collected(pieces)).join('')
}

describe('a packed plan', () => {
  test('gives the same files as the plan that it was packed from, whatever the names', async () => {
    await fc.assert(
      fc.asyncProperty(anyRepositories, async (repositories) => {
        const plan = await policyPlan({ repositories })
        const packed = await packPlan(plan)
        expect((await collected(unpackedRows(packed))).flat()).toEqual([...planRows(plan)])
        expect(await joined(packedJsonPlan(packed))).toBe([...jsonPlan(plan)].join(''))
        expect(await joined(packedCsvPlan(packed))).toBe([...csvPlan(plan)].join(''))
        expect(packed.repositories).toEqual(
          repositories.map(({ name, verdicts }) => {
            const count = (wanted: string) => verdicts.filter(({ action }) => action === wanted).length
            return { name, keep: count('keep'), untag: count('untag'), evict: count('evict') }
          }),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('S12: the lines of what goes are what its digest is over', async () => {
    await fc.assert(
      fc.asyncProperty(anyRepositories, async (repositories) => {
        const packed = await packPlan(await policyPlan({ repositories }))
        const digest = createHash('sha256').update(await joined(removalLines(packed)))
        expect(`sha256:${digest.digest('hex')}`).toBe(packed.head.digest)
      }),
      { numRuns: 50 },
    )
  })

  test('names what goes, and has a file of that alone', async () => {
    const packed = await packPlan(await policyPlan())
    expect(await removalsOf(packed)).toEqual([
      { repository: 'shop/api', tag: '1', digest: verdict('1', 'evict').digest, action: 'evict' },
      { repository: 'shop/web', tag: 'v1', digest: verdict('v1', 'untag').digest, action: 'untag' },
    ])
    const lines = (await joined(packedCsvEvictions(packed))).split('\r\n')
    expect(lines.map((line) => line.split(',').slice(0, 3))).toEqual([
      ['repository', 'tag', 'action'],
      ['shop/api', '1', 'evict'],
      ['shop/web', 'v1', 'untag'],
      [''],
    ])
  })

  test('says the same as another one that differs in when it was made and in figures of what stands against it', async () => {
    const block = { code: 'CoverageTooShort', message: 'watched for 3 h', isAcceptable: true } as const
    const { content } = await packPlan(await policyPlan({ blocks: [block] }))
    const later = await policyPlan({
      ...{ readAt: READ_AT + DAY_MS, blocks: [{ ...block, message: 'watched for 27 h' }] },
      before: [{ repository: 'shop/web', tag: 'v1', digest: undefined, action: 'evict' }],
    })
    expect((await packPlan(later)).content).toBe(content)
    const [api, ...others] = SAMPLE
    const moved = [{ name: 'shop/apo', verdicts: api?.verdicts ?? [] }, ...others]
    const kept = [{ name: 'shop/api', verdicts: [verdict('1', 'keep', reason('NoRule'))] }, ...others]
    for (const change of [
      { blocks: [] },
      { unmatchedRules: ['prdo'] },
      { repositories: moved },
      { repositories: kept },
    ]) {
      const other = await packPlan(await policyPlan({ blocks: [block], ...change }))
      expect(other.content).not.toBe(content)
    }
  })

  test('of many tags takes a few dozen bytes for each, most of them for its digest', async () => {
    const packed = await packPlan(await policyPlan({ repositories: manyTags(20_000, WORKLOAD) }))
    const bytes = packed.blocks.reduce((sum, { length }) => sum + length, 0)
    expect(bytes / packed.head.summary.tags).toBeLessThan(60)
  })
})
