import { expect, test } from 'vitest'
import { compileRules } from '#retention/compiled-rule.ts'
import { judge } from '#retention/judge.ts'
import { lateUse } from '#retention/late-use.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import { evictionsOf, staysIn } from '#test/harness/retention-at-once.ts'
import { Dice } from '../../soak/dice.ts'
import { RealUsage } from './real-usage.ts'
import { randomUsage, randomWorld } from './world.ts'

/** With fewer, what is rare does not come up. */
const WORLDS = Math.max(2_000, Number(process.env.TALLYMAN_WORLDS ?? 0) / 50)
const SEED = Number(process.env.TALLYMAN_SEED ?? 6)
/** By these nothing stays but what has to whatever the rules say. */
const NOTHING_STAYS = compileRules([
  {
    name: 'all',
    repositories: ['**'],
    kinds: ['**'],
    keep: { tags: ['no-such-tag'] },
    evictOrphans: true,
    whenUnused: 'Evict',
  },
])
const NO_USE: RetentionInput['usage'] = { usesOf: () => [], usesOfConfig: () => [] }

test('S04: what a plan by newer use would keep for it is spared, by whatever route, and nothing else is', () => {
  const spared = new Map<string, number>()
  for (let seed = 0; seed < WORLDS; seed += 1) {
    const dice = new Dice(seededRandom(SEED * 1_000_033 + seed))
    const input = randomWorld(dice)
    const usage = dice.chance(0.5) ? randomUsage(input.facts, dice) : new RealUsage(input, dice).index
    const newer = { ...input, usage }
    expect(differences(input, newer, spared), `world ${seed} of seed ${SEED}`).toEqual([])
  }
  const codes = ['InUse', 'SameInUse', 'PartOf', 'Holds', 'BelongsTo', 'SubjectOf', 'BaseOf']
  expect(codes.filter((code) => (spared.get(code) ?? 0) < WORLDS / 1_000)).toEqual([])
}, 300_000)

function differences(input: RetentionInput, newer: RetentionInput, spared: Map<string, number>): string[] {
  const before = judge(input)
  const after = judge(newer)
  const late = lateUse(before)
  const forUse = judge({ ...newer, rules: NOTHING_STAYS })
  const anyway = judge({ ...newer, rules: NOTHING_STAYS, usage: NO_USE })
  const [staysForUse, staysAnyway] = [staysIn(forUse.parts), staysIn(anyway.parts)]
  const digests = new Map(evictionsOf(before).map((eviction) => [eviction.repository, eviction.digests]))
  const wrong: string[] = []
  for (const [at, { name: repository, verdicts }] of before.repositories.entries()) {
    for (const [position, { tag, digest = '', action }] of verdicts.entries()) {
      if (action === 'keep') continue
      const why = late({ repository, tag, digest }, newer.usage)
      if (why !== undefined) spared.set(why.code, (spared.get(why.code) ?? 0) + 1)
      const keeps = (judgement: typeof before) =>
        judgement.repositories[at]?.verdicts[position]?.action === 'keep'
      if (why === undefined && keeps(forUse) && !keeps(anyway))
        wrong.push(`${repository}:${tag} is not spared`)
      if (why !== undefined && !keeps(after)) wrong.push(`${repository}:${tag} is spared: ${why.code}`)
      if (late({ repository, tag, digest }, input.usage) !== undefined)
        wrong.push(`${repository}:${tag} is spared for what was known before`)
    }
    for (const digest of digests.get(repository) ?? []) {
      const why = late({ repository, digest }, newer.usage)
      if (why === undefined && staysForUse(at, digest) && !staysAnyway(at, digest))
        wrong.push(`${repository}@${digest} is not spared`)
      if (late({ repository, digest }, input.usage) !== undefined)
        wrong.push(`${repository}@${digest} is spared for what was known before`)
    }
  }
  return wrong
}
