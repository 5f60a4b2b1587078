import type { Planned, PlannedVerdict } from '#commands/why-plan.ts'
import { reasonText } from '#retention/reasons.ts'
import type { Verdict } from '#retention/verdict.ts'

/** A verdict on a tag, with what it rests on. */
export interface SaidVerdict extends PlannedVerdict {
  readonly tag: string
  readonly digest: string | undefined
  /** When the plan that says so was made, ms since the epoch; undefined: it is said now, without what only the operator remembers. */
  readonly plannedAt: number | undefined
}

/**
 * What is told of each tag. A policy knows more than who asks now: that something goes is told as its plan says it, and that something stays by either. Where only the
 * plan lets go of it, both are told, what is so now first.
 * @param judged made now, without a memory
 * @param planned undefined: it is not known what the plan says
 */
export function saidVerdicts(judged: readonly Verdict[], planned: Planned | undefined): SaidVerdict[] {
  return judged.flatMap((verdict) => {
    const { tag, digest } = verdict
    const now = judgedVerdict(verdict)
    const found = planned?.verdictOn(tag, digest)
    if (planned === undefined || found === undefined) return [now]
    const then: SaidVerdict = { ...pick(found), tag, digest, plannedAt: planned.at }
    if (now.action !== 'keep') return [then]
    return then.action === 'keep' ? [now] : [now, then]
  })
}

/** Whether it says that something goes with nothing but what can be seen now. */
export function isUncertain({ action, plannedAt }: SaidVerdict): boolean {
  return action !== 'keep' && plannedAt === undefined
}

function judgedVerdict({ tag, digest, action, reason, rule }: Verdict): SaidVerdict {
  const { code } = reason
  return {
    ...{ tag, digest, action, code },
    reason: reasonText(reason),
    rule: rule ?? null,
    plannedAt: undefined,
  }
}

function pick({ action, code, reason, rule }: PlannedVerdict): PlannedVerdict {
  return { action, code, reason, rule }
}
