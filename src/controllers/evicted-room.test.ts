import { describe, expect, test } from 'vitest'
import { mayPurge, type WatchRoom, watchBlocks } from '#controllers/evicted-room.ts'
import type { BlockCode } from '#retention/blocks.ts'
import type { ManifestFacts } from '#retention/facts.ts'
import { judged } from '#test/harness/judging.ts'
import { imageFacts, indexFacts, READ_AT, repositoryFacts } from '#test/harness/registry-facts.ts'
import { planOf } from '#test/harness/retention-at-once.ts'

const [a, b, c] = [imageFacts('a', 10), imageFacts('b', 20), imageFacts('c', 30)]
const child = imageFacts('d', 40)
const index = indexFacts('e', [child])

const PLAN = 'sha256:1'
const LIMITS = { maxEvictions: 1_000, maxEvictionPercent: 50, minImagesInUse: 1 }

async function blocked(
  {
    spec = {},
    ...changes
  }: Partial<Omit<WatchRoom, 'spec'>> & { readonly spec?: Partial<WatchRoom['spec']> },
  tags: Readonly<Record<string, ManifestFacts>> = { v3: a, v2: b, v1: c },
  untagged: readonly ManifestFacts[] = [],
): Promise<string[]> {
  const repository = { ...repositoryFacts('app', tags), untagged: untagged.map(({ digest }) => digest) }
  const judgement = judged({ repositories: [repository], manifests: [...Object.values(tags), ...untagged] })
  const plan = planOf(judgement, { url: 'https://r.example', registry: '', policy: '', rules: '' })
  const blocks = await watchBlocks({
    ...{ spec: { mode: 'Approve', limits: LIMITS, ...spec }, planning: { judgement, plan }, approvals: [] },
    ...{ known: 0, now: READ_AT, ...changes },
  })
  return blocks.map(({ code, message, isAcceptable }) => `${code} ${isAcceptable} ${message.split(' (')[0]}`)
}

const tooMany = (known: number, more: number) =>
  `TooManyToWatch false ${known} things that went already are watched for new use, and ${more} more would be`

describe('S04: what would not be watched for new use', () => {
  test('does not go: a tag and its digest are two things', async () => {
    expect(await blocked({ most: 4 })).toEqual([])
    expect(await blocked({ most: 3 })).toEqual([tooMany(0, 4)])
    expect(await blocked({ most: 10, known: 6 })).toEqual([])
    expect(await blocked({ most: 10, known: 7 })).toEqual([tooMany(7, 4)])
  })

  test('counts platforms, and no manifest that stays', async () => {
    const tags = { v2: a, v1: index }
    expect(await blocked({ most: 3 }, tags, [child])).toEqual([])
    expect(await blocked({ most: 2 }, tags, [child])).toEqual([tooMany(0, 3)])
    expect(await blocked({ most: 2 }, { v2: a, v1: b }, [child])).toEqual([])
  })

  test('is what limits.maxEvictions lets through, where no approval asks for all of the plan', async () => {
    const limits = { ...LIMITS, maxEvictions: 1 }
    const spec = { mode: 'Enforce' as const, limits }
    expect(await blocked({ most: 2, spec })).toEqual([])
    expect(await blocked({ most: 1, spec })).toEqual([tooMany(0, 2)])
    const approved = { ...spec, approvedPlan: PLAN }
    expect(await blocked({ most: 2, spec: approved })).toEqual([tooMany(0, 4)])
    const approvals = [{ plan: PLAN, usedAt: 0, run: 'run' }]
    expect(await blocked({ most: 2, spec: approved, approvals })).toEqual([])
    expect(await blocked({ most: 2, spec: { mode: 'Approve', limits } })).toEqual([tooMany(0, 4)])
  })

  test('is said where more is known than that, although nothing goes', async () => {
    expect(await blocked({ most: 10, known: 11 }, { v1: a })).toEqual([tooMany(11, 0)])
    expect(await blocked({ most: 10, known: 10 }, { v1: a })).toEqual([])
  })

  test('keeps nothing from being purged: then less is watched', () => {
    const block = (code: BlockCode, isAcceptable: boolean) => ({ code, isAcceptable })
    expect(mayPurge([])).toBe(true)
    expect(mayPurge([block('TooManyToWatch', false), block('TooManyEvictions', true)])).toBe(true)
    expect(mayPurge([block('TooManyToWatch', false), block('NotTrusted', false)])).toBe(false)
  })
})
