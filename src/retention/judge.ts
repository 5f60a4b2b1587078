import { Companions } from '#retention/companions.ts'
import { completeness } from '#retention/completeness.ts'
import { type Draft, draftsOf, supersededDrafts } from '#retention/drafts.ts'
import { manifestGraph, withHolders } from '#retention/manifest-graph.ts'
import { namedBases } from '#retention/named-bases.ts'
import { type ReasonCode, reason } from '#retention/reasons.ts'
import type { RestoredTag, RetentionInput } from '#retention/retention-input.ts'
import { type SettleParts, settle } from '#retention/settle.ts'
import { usageMarks } from '#retention/usage-marks.ts'
import type { Verdict } from '#retention/verdict.ts'

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
  const { facts, names, rules, now, workspaces, unusedSince } = input
  const { manifests } = facts
  const graph = manifestGraph(facts)
  const marks = usageMarks(input)
  const known = completeness(facts)
  const companions = new Companions(facts, graph, known)
  const draftParts = {
    ...{ rules, now, workspaces, unusedSince, manifests, marks, known, companions },
    inUse: withHolders(graph, marks.digests.keys()),
    superseded: supersededDrafts(unusedSince),
    restoredUntil: restoredTags(input.restored),
  }
  const drafts = facts.repositories.map((repository) => draftsOf(repository, draftParts))
  return judgement({ facts, graph, marks, companions, drafts, bases: namedBases(facts, names) })
}

/**
 * The same with less: of what goes, only what is allowed does; what would be harmed by that stays too.
 * @param code why the rest stays
 */
export function narrow(
  { repositories, parts }: Judgement,
  allows: (repository: string, verdict: Verdict) => boolean,
  code: ReasonCode,
): Judgement {
  const why = reason(code)
  const drafts = parts.drafts.map((before, at) => {
    const { name = '', verdicts = [] } = repositories[at] ?? {}
    return before.map((draft, position): Draft => {
      const verdict = verdicts[position]
      if (draft.keeps || verdict === undefined || verdict.action === 'keep' || allows(name, verdict))
        return draft
      return { keeps: true, reason: why, rule: draft.rule }
    })
  })
  return judgement({ ...parts, drafts })
}

function judgement(parts: SettleParts): Judgement {
  const verdicts = settle(parts)
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
