import { type PackedPlan, repackPlan } from '#report/packed-plan.ts'
import type { ChangedTag, PlanChanges } from '#report/plan-changes.ts'
import type { PlanHead } from '#report/plan-document.ts'
import type { ReasonCode } from '#retention/reasons.ts'

/** In place of what names a workload, a namespace, a cluster or an installation, or repeats what somebody wrote. */
const SAID_INSTEAD: Partial<Record<ReasonCode, string>> = {
  InUse: 'something uses it',
  UsedLately: 'something used it lately',
  Pinned: 'it is pinned',
  Incomplete: 'its repository was not read in full',
}

/**
 * The same plan without the names of workloads, namespaces and clusters, for a place that everybody may read (S19). What stands against it is
 * said by its code alone: the words may name anything.
 */
export function redactedPlan(plan: PackedPlan): Promise<PackedPlan> {
  return repackPlan(plan, redactedHead(plan.head), redactedRow)
}

function redactedHead(head: PlanHead): PlanHead {
  return {
    ...head,
    blocks: head.blocks.map((block) => ({ ...block, message: '' })),
    changes: head.changes === null ? null : redactedChanges(head.changes),
  }
}

function redactedChanges(changes: PlanChanges): PlanChanges {
  const redact = (tags: readonly ChangedTag[]) => tags.map(redactedRow)
  return { ...changes, firstAdded: redact(changes.firstAdded), firstDropped: redact(changes.firstDropped) }
}

function redactedRow<Row extends { readonly code: ReasonCode | null; readonly reason: string }>(
  row: Row,
): Row {
  const instead = row.code === null ? undefined : SAID_INSTEAD[row.code]
  return instead === undefined ? row : { ...row, reason: instead }
}
