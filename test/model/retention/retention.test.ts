import { expect, test } from 'vitest'
import { type Judgement, judge } from '#retention/judge.ts'
import { REASONS } from '#retention/reasons.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import type { Verdict } from '#retention/verdict.ts'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import { intersect, plannedRemovals, soaked, soakWith, withinLimit } from '#test/harness/retention-at-once.ts'
import { recordCount } from '../../../bench/counts.ts'
import { Dice } from '../../soak/dice.ts'
import { DELETION_CASES, Deletions } from './deletions.ts'
import { EDGE_KINDS } from './edges.ts'
import { harms } from './harm.ts'
import { RealUsage, USE_ROUTES } from './real-usage.ts'
import { type Expected, Reference, USE_KINDS } from './reference.ts'
import { isSaid } from './said.ts'
import { HISTORY_CASES, SecondPlan } from './second-plan.ts'
import { NOW, randomWorld } from './world.ts'

/** `make bench ONLY=policy` is to see no fewer, which takes minutes. */
const LEAST = 100_000
/** As many worlds; `make mutants` needs fewer. */
const WORLDS = Number(process.env.TALLYMAN_WORLDS ?? LEAST / 10)
/** The same worlds in every run; TALLYMAN_SEED makes others. */
const SEED = Number(process.env.TALLYMAN_SEED ?? 6)
/** A smaller plan is made in every so many worlds. */
const NARROWER_EVERY = 4
/** One of so many worlds has a past, and is used by real clusters. */
const LIVED_IN_EVERY = 12
const DAY = 86_400_000
/** How one plan is made into a smaller one, and what is said of the rest. */
const NARROWER = ['NotApproved', 'NotSoaked', 'OverLimit'] as const

test('S06, S08-S13: in whatever world, verdicts are those of the reference, and nothing that stays is harmed by any route', () => {
  const worlds = new Map<string, number>()
  for (let seed = 0; seed < WORLDS; seed += 1) {
    const dice = new Dice(seededRandom(SEED * LEAST + seed))
    const world = randomWorld(dice)
    const isLivedIn = seed % LIVED_IN_EVERY === 1
    const usage = isLivedIn ? new RealUsage(world, dice) : undefined
    const second = usage && new SecondPlan({ ...world, usage: usage.index }, dice)
    const input = second?.input ?? world
    const judgement = judge(input)
    const reference = new Reference(input)
    const { wrong, kinds: seen } = compared(judgement, input, reference)
    wrong.push(...harms(judgement, input, reference))
    const narrower =
      second !== undefined
        ? dice.of(Object.values(second.narrowed(judgement)))
        : seed % NARROWER_EVERY === 0
          ? narrowed(judgement, dice)
          : judgement
    if (narrower !== judgement)
      wrong.push(...harms(narrower, input, reference), ...additions(judgement, narrower))
    const deletions = new Deletions(narrower, input, reference)
    wrong.push(...deletions.wrong, ...(second?.wrong ?? []))
    if (usage !== undefined) wrong.push(...losses(judgement, deletions, usage))
    // It is slow, and there are many worlds.
    if (wrong.length > 0) expect(wrong, `world ${seed} of seed ${SEED}`).toEqual([])
    for (const each of [deletions.seen, second?.seen, usage?.used.values()])
      for (const name of each ?? []) seen.add(name)
    addReached(seen, judgement)
    if (narrower !== judgement) addReached(seen, narrower)
    for (const name of seen) worlds.set(name, (worlds.get(name) ?? 0) + 1)
  }
  const names = [
    'untag',
    'evict',
    'keep',
    ...Object.keys(REASONS),
    ...EDGE_KINDS,
    ...USE_KINDS,
    ...DELETION_CASES,
    ...HISTORY_CASES,
    ...USE_ROUTES,
  ]
  const rare = names.filter((name) => (worlds.get(name) ?? 0) < WORLDS / 100)
  expect(rare).toEqual([])
  if (WORLDS >= LEAST) recordCount('policy.worlds', WORLDS)
}, 900_000)

/** @returns `kinds`: the ways in which a tag is kept, each where it is the only one */
function compared(judgement: Judgement, { facts }: RetentionInput, reference: Reference) {
  reference.decide()
  const wrong: string[] = []
  const kinds = new Set<string>()
  for (const [at, repository] of facts.repositories.entries())
    for (const [position, tag] of repository.tags.entries()) {
      const verdict = judgement.repositories[at]?.verdicts[position]
      const { kinds: ways, ...expected } = reference.expected(repository, tag, position)
      const [way] = ways
      if (way !== undefined && ways.every((each) => each === way)) kinds.add(way)
      if (verdict !== undefined && isExpected(verdict, expected)) continue
      const { action, reason, rule } = verdict ?? {}
      const is = JSON.stringify({ action, reason, rule })
      wrong.push(`${repository.name}:${tag.tag} is ${is} where ${JSON.stringify(expected)} was expected`)
    }
  return { wrong, kinds }
}

function isExpected(
  { action, reason, rule }: Verdict,
  expected: Pick<Expected, 'action' | 'reasons' | 'rule'>,
): boolean {
  return (
    action === expected.action &&
    rule === expected.rule &&
    expected.reasons.some((each) => isSaid(reason, each))
  )
}

/** What is written down to be in use, and goes: as a tag, or as a manifest. */
function losses({ repositories }: Judgement, { gone }: Deletions, { used }: RealUsage): string[] {
  const tags = repositories.flatMap(({ name, verdicts }) =>
    verdicts.flatMap(({ tag, digest, action }) => {
      const route = action === 'keep' ? undefined : used.get(digest ?? '')
      return route === undefined ? [] : [`${name}:${tag} goes, and is ${route}`]
    }),
  )
  const manifests = [...used].flatMap(([digest, route]) =>
    gone.has(digest) ? [`${digest} goes, and is ${route}`] : [],
  )
  return [...tags, ...manifests]
}

/** One of the ways in which less is carried out than could be. */
function narrowed(judgement: Judgement, dice: Dice): Judgement {
  switch (dice.of(NARROWER)) {
    case 'OverLimit':
      return withinLimit(judgement, { maxEvictions: dice.between(0, 6), maxEvictionPercent: undefined }, NOW)
    case 'NotApproved':
      return intersect(plannedRemovals(some(judgement, dice)), judgement)
    case 'NotSoaked': {
      const first = soakWith(undefined, { repositories: some(judgement, dice) }, 'mark', NOW - DAY)
      return soaked(judgement, soakWith(first, judgement, 'mark', NOW), DAY)
    }
  }
}

/** An earlier plan, which names some of it. */
function some({ repositories }: Judgement, dice: Dice): Judgement['repositories'] {
  return repositories.map(({ name, verdicts }) => ({
    name,
    verdicts: verdicts.filter(() => dice.chance(0.5)),
  }))
}

/** What a smaller plan must not do: take what the whole one keeps, or the digest where that only takes the tag. */
function additions(whole: Judgement, part: Judgement): string[] {
  return part.repositories.flatMap(({ name, verdicts }, at) =>
    verdicts.flatMap(({ tag, action }, position) => {
      const before = whole.repositories[at]?.verdicts[position]?.action
      const isMore = action !== before && (before === 'keep' || action === 'evict')
      return isMore ? [`${name}:${tag} is ${before} and becomes ${action}`] : []
    }),
  )
}

/** The actions and reasons of it. */
function addReached(seen: Set<string>, { repositories }: Judgement): void {
  for (const { verdicts } of repositories)
    for (const { action, reason } of verdicts) seen.add(action).add(reason.code)
}
