import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changesSince } from '#report/plan-changes.ts'
import type { JudgedRepository } from '#retention/judge.ts'
import { reason } from '#retention/reasons.ts'
import { type PlannedRemoval, removals } from '#retention/removals.ts'
import { anyRepositories, manyTags, SAMPLE, verdict, WORKLOAD } from '#test/harness/policy-plan.ts'
import { digestOf } from '#test/harness/registry-facts.ts'

const removed = (repositories: readonly JudgedRepository[]): PlannedRemoval[] =>
  Array.from(removals(repositories), ({ repository, verdict: { tag, digest, action } }) => {
    return { repository, tag, digest, action }
  })

const since = (before: readonly JudgedRepository[], now: readonly JudgedRepository[]) =>
  changesSince({ digest: 'sha256:1', removals: removed(before) }, now)

describe('the changes since the plan before', () => {
  test('are what two sets of removals differ in', async () => {
    await fc.assert(
      fc.asyncProperty(anyRepositories, anyRepositories, async (before, now) => {
        const keys = (of: readonly JudgedRepository[]) =>
          new Set(removed(of).map((each) => JSON.stringify(each)))
        const [old, current] = [keys(before), keys(now)]
        expect(await since(before, now)).toMatchObject({
          added: [...current].filter((key) => !old.has(key)).length,
          dropped: [...old].filter((key) => !current.has(key)).length,
          unchanged: [...current].filter((key) => old.has(key)).length,
        })
        expect(await since(now, now)).toMatchObject({ added: 0, dropped: 0, unchanged: current.size })
      }),
    )
  })

  test('say why something does not go any more', async () => {
    const now = [
      { name: 'shop/api', verdicts: [verdict('1', 'keep')] },
      { name: 'shop/web', verdicts: [{ ...verdict('v1', 'untag'), digest: digestOf('other') }] },
    ]
    const before = [...SAMPLE, { name: 'shop/zoo', verdicts: [verdict('9', 'evict')] }]
    const { firstDropped, firstAdded } = await since(before, now)
    expect(firstDropped.map(({ tag, code, reason: why }) => [tag, code, why])).toEqual([
      ['1', 'InUse', `${WORKLOAD} runs it`],
      ['v1', null, `the tag names ${digestOf('other')} by now`],
      ['9', null, 'the registry does not have the tag any more'],
    ])
    expect(firstAdded).toEqual([
      {
        ...{ repository: 'shop/web', tag: 'v1', digest: digestOf('other'), action: 'untag' },
        ...{ code: 'Superseded', reason: '41 newer digests, not used since 2026-11-01' },
      },
    ])
  })

  test('name the first of many', async () => {
    const many = manyTags(10_000, WORKLOAD).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    const { added, firstAdded, dropped, firstDropped } = await since([], many)
    expect([added, firstAdded.length, dropped, firstDropped.length]).toEqual([
      removed(many).length,
      300,
      0,
      0,
    ])
    const kept = [{ name: 'a', verdicts: [verdict('1', 'keep', reason('NoRule'))] }]
    expect((await since(many, kept)).firstDropped).toHaveLength(300)
  })
})
