import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Judgement } from '#retention/judge.ts'
import { planChanges } from '#retention/plan-diff.ts'
import { type ReasonCode, reasonText } from '#retention/reasons.ts'
import type { PlannedRemoval } from '#retention/removals.ts'
import type { Verdict } from '#retention/verdict.ts'

/** So many tags of either kind are named. */
const NAMED = 300
/** Other work has its turn after so many tags. */
const TAGS_AT_ONCE = 5_000

/** How what goes differs from the plan before. */
export interface PlanChanges {
  /** Digest of the plan before. */
  readonly before: string
  /** Tags that go now and did not before, or not in the same way. */
  readonly added: number
  /** Tags that went before and do not now, or not in the same way. */
  readonly dropped: number
  /** Tags that go by both. */
  readonly unchanged: number
  readonly firstAdded: readonly ChangedTag[]
  readonly firstDropped: readonly ChangedTag[]
}

export interface ChangedTag {
  readonly repository: string
  readonly tag: string
  readonly digest: string | null
  /** By the plan in which it goes. */
  readonly action: Verdict['action']
  /** null: the registry does not have the tag any more, or it names something else by now. */
  readonly code: ReasonCode | null
  /** Why it goes, or why it does not any more. */
  readonly reason: string
}

/** What went by a plan that was made before. */
export interface EarlierPlan {
  readonly digest: string
  /** Sorted by repository and tag. */
  readonly removals: Iterable<PlannedRemoval>
}

/** Compares a plan with the one before; other work has its turn meanwhile. */
export async function changesSince(
  before: EarlierPlan,
  repositories: Judgement['repositories'],
): Promise<PlanChanges> {
  const counts = { added: 0, dropped: 0, unchanged: 0, stays: 0 }
  const firstAdded: ChangedTag[] = []
  const firstDropped: ChangedTag[] = []
  let seen = 0
  for (const change of planChanges(before.removals, repositories)) {
    counts[change.kind] += 1
    if (change.kind === 'added' && firstAdded.length < NAMED) {
      firstAdded.push(addedTag(change.repository, change.verdict))
    } else if (change.kind === 'dropped' && firstDropped.length < NAMED) {
      firstDropped.push(droppedTag(change.removal, change.now))
    }
    seen += 1
    if (seen % TAGS_AT_ONCE === 0) await nextTurn()
  }
  const { stays: _, ...told } = counts
  return { before: before.digest, ...told, firstAdded, firstDropped }
}

function addedTag(repository: string, { tag, digest, action, reason }: Verdict): ChangedTag {
  return {
    ...{ repository, tag, digest: digest ?? null, action },
    ...{ code: reason.code, reason: reasonText(reason) },
  }
}

function droppedTag(
  { repository, tag, digest, action }: PlannedRemoval,
  now: Verdict | undefined,
): ChangedTag {
  const gone = { repository, tag, digest: digest ?? null, action }
  if (now === undefined) return { ...gone, code: null, reason: 'the registry does not have the tag any more' }
  if (now.digest !== digest) {
    return { ...gone, code: null, reason: `the tag names ${now.digest ?? 'something else'} by now` }
  }
  return { ...gone, code: now.reason.code, reason: reasonText(now.reason) }
}
