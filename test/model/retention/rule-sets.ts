import { type CompiledRule, compileRules } from '#retention/compiled-rule.ts'
import type { KeepCriteria, RetentionRule } from '#retention/rules.ts'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import { Dice } from '../../soak/dice.ts'
import { once } from './once.ts'

const SETS = 300
const KEEPS: readonly KeepCriteria[] = [
  { newest: 1 },
  { newest: 3, beforeInUse: 2, youngerThan: '24h', inUseWithin: '31d' },
  { beforeInUse: 1 },
  { beforeInUse: 3, tags: ['v?.*'] },
  { tags: ['stable', 'v2*'] },
  { semver: { newestPerMajor: 1 } },
  { semver: { newestPerMinor: 1 }, youngerThan: '3d' },
  { youngerThan: '10d' },
  { inUseWithin: '31d' },
]
const SCOPES: readonly (readonly string[])[] = [
  ['**'],
  ['**'],
  ['team/*', 'sign/*'],
  ['lib/**'],
  ['prod/app'],
  ['charts/*'],
]

/** Many lists of rules, compiled once: that takes longer than to judge a world by them. */
export const RULE_SETS: readonly (readonly CompiledRule[])[] = Array.from({ length: SETS }, (_, seed) => {
  const dice = new Dice(seededRandom(seed))
  return compileRules(Array.from({ length: dice.between(1, 3) }, (_rule, n) => rule(`rule-${n}`, dice))).map(
    remembering,
  )
})

function rule(name: string, dice: Dice): RetentionRule {
  return {
    name,
    repositories: dice.of(SCOPES),
    excludeRepositories: dice.chance(0.1) ? ['prod/**'] : undefined,
    kinds: dice.of([['Image'], ['Image'], ['Image', '**'], ['application/vnd.cncf.helm.**']]),
    keep: dice.chance(0.05) ? { all: true } : dice.of(KEEPS),
    groupBy: dice.chance(0.2) ? '^(main|dev)-' : undefined,
    whenUnused: dice.of(['KeepNewest', 'KeepNewest', 'Evict', 'Evict', 'Keep']),
    evictOrphans: dice.chance(0.7),
  }
}

/** Patterns take most of the time, and worlds have the same names. */
function remembering(rule: CompiledRule): CompiledRule {
  return {
    ...rule,
    matchesRepository: once(rule.matchesRepository),
    matchesKind: once(rule.matchesKind),
    tagPattern: once(rule.tagPattern),
    streamOf: once(rule.streamOf),
  }
}
