import type { PlanDocument } from '#report/plan-document.ts'
import { type Reason, reasonText } from '#retention/reasons.ts'
import type { Verdict } from '#retention/verdict.ts'

/** A tag of a plan. null: there is none. */
export interface PlanRow {
  readonly repository: string
  readonly tag: string
  readonly digest: string | null
  readonly action: Verdict['action']
  readonly code: Reason['code']
  readonly reason: string
  readonly rule: string | null
}

/** Every tag, in the order of the plan. */
export function* planRows({ repositories }: Pick<PlanDocument, 'repositories'>): Generator<PlanRow> {
  for (const { name, verdicts } of repositories) for (const verdict of verdicts) yield rowOf(name, verdict)
}

function rowOf(repository: string, { tag, digest, action, reason, rule }: Verdict): PlanRow {
  const { code } = reason
  return {
    repository,
    tag,
    digest: digest ?? null,
    action,
    code,
    reason: reasonText(reason),
    rule: rule ?? null,
  }
}
