import { atOnce } from '#inventory/at-once.ts'
import { boundManifests } from '#retention/bound-manifests.ts'
import { Companions } from '#retention/companions.ts'
import { completeness } from '#retention/completeness.ts'
import { type Draft, draftsOf, supersededDrafts } from '#retention/drafts.ts'
import { foundWorkspaces } from '#retention/found-workspaces.ts'
import { manifestGraph, withHolders } from '#retention/manifest-graph.ts'
import { namedBases } from '#retention/named-bases.ts'
import { type ReasonCode, reason } from '#retention/reasons.ts'
import type { RestoredTag, RetentionInput } from '#retention/retention-input.ts'
import { type SettleParts, settle } from '#retention/settle.ts'
import { usageMarks } from '#retention/usage-marks.ts'
import type { Verdict } from '#retention/verdict.ts'
import { Pace } from '#time/pace.ts'

/** A verdict on every tag of a registry. */
export interface Judgement {
  /** In the order of the facts. */
  readonly repositories: readonly JudgedRepository[]
  /** What it was made from, to make a narrower one. */
  readonly parts: SettleParts
}

export interface JudgedRepository {
  readonly name: string
  /** One for each tag, in the order of the facts. */
  readonly verdicts: readonly Verdict[]
}

/**
 * Decides about every tag: what is in use, what the rules keep, what hangs on that; the rest goes. The same input gives the same verdicts. About linear in the
 * number of tags and manifests.
 */
export function judge(input: RetentionInput): Judgement {
  return atOnce(judgeInSteps(input))
}

/** The same in steps. */
export function* judgeInSteps(input: RetentionInput, pace = new Pace()): Generator<undefined, Judgement> {
  const { facts, names, rules, now, unusedSince } = input
  const { manifests } = facts
  const workspaces = [...input.workspaces, ...foundWorkspaces(facts)]
  const bound = yield* boundManifests(facts, pace)
  const graph = yield* manifestGraph(facts, pace)
  const marks = yield* usageMarks(input, bound, pace)
  const known = yield* completeness(facts, bound, pace)
  const companions = yield* Companions.of(facts, bound, graph, known, pace)
  const draftParts = {
    ...{ rules, now, workspaces, unusedSince, manifests, marks, known, companions },
    inUse: withHolders(graph, marks.digests.keys()),
    superseded: supersededDrafts(unusedSince),
    restoredUntil: restoredTags(input.restored),
  }
  const drafts: Draft[][] = []
  for (const [at, repository] of facts.repositories.entries())
    drafts.push(yield* draftsOf(repository, bound[at] ?? [], draftParts, pace))
  const bases = namedBases(facts, names)
  return yield* judgement({ facts, bound, graph, marks, companions, drafts, bases }, pace)
}

/** Whether something that goes may. */
export type Allows = (repository: string, verdict: Verdict) => boolean

/**
 * The same with less: of what goes, only what is allowed does; what would be harmed by that stays too. In
 * steps.
 * @param code why the rest stays
 */
export function* narrowInSteps(
  { repositories, parts }: Judgement,
  allows: Allows,
  code: ReasonCode,
): Generator<undefined, Judgement> {
  const pace = new Pace()
  const why = reason(code)
  const drafts: Draft[][] = []
  for (const [at, before] of parts.drafts.entries()) {
    const { name = '', verdicts = [] } = repositories[at] ?? {}
    const narrower: Draft[] = []
    for (const [position, draft] of before.entries()) {
      if (pace.isTurnOver()) yield
      const verdict = verdicts[position]
      if (draft.keeps || verdict === undefined || verdict.action === 'keep' || allows(name, verdict))
        narrower.push(draft)
      else narrower.push({ keeps: true, reason: why, rule: draft.rule })
    }
    drafts.push(narrower)
  }
  return yield* judgement({ ...parts, drafts }, pace)
}

function* judgement(parts: SettleParts, pace: Pace): Generator<undefined, Judgement> {
  const verdicts = yield* settle(parts, pace)
  const repositories = parts.facts.repositories.map(({ name }, at) => ({
    name,
    verdicts: verdicts[at] ?? [],
  }))
  return { repositories, parts }
}

function restoredTags(
  restored: readonly RestoredTag[],
): (repository: string, tag: string) => number | undefined {
  const until = new Map<string, number>()
  for (const each of restored) {
    const key = `${each.repository}:${each.tag}`
    until.set(key, Math.max(until.get(key) ?? 0, each.until))
  }
  return (repository, tag) => (until.size === 0 ? undefined : until.get(`${repository}:${tag}`))
}
