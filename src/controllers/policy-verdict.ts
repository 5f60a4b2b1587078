import { counted } from '#catalogue/counted.ts'
import type { PlanFigures, PlanVerdict } from '#controllers/policy-status.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { byteText } from '#report/byte-text.ts'
import { unaccepted } from '#retention/blocks.ts'
import type { OpenRun } from '#retention/policy-record.ts'
import { shadowedText } from '#retention/shadowed-rules.ts'
import type { Soaking } from '#retention/soak.ts'
import { unmatchedText } from '#retention/unmatched-rules.ts'
import { rfc3339Seconds } from '#runtime/conditions.ts'

type Spec = Pick<RegistryPolicySpec, 'mode'>
type Open = Pick<OpenRun, 'id' | 'plan' | 'cause' | 'startedAt'>

/**
 * What is said of a plan that was made.
 * @param held why nothing goes until a human has looked (S04)
 * @param open the run that goes on or waits
 */
export function planVerdict(
  figures: Pick<PlanFigures, 'plan' | 'blocks' | 'unmatchedRules' | 'shadowedRules' | 'soaking'>,
  spec: Spec,
  held: string | undefined,
  open?: Open | undefined,
): PlanVerdict {
  const verdict = verdictOf(figures, spec, held, open)
  const { unmatchedRules, shadowedRules } = figures
  const notes = [
    ...(unmatchedRules.length === 0 ? [] : [unmatchedText(unmatchedRules)]),
    ...(shadowedRules.length === 0 ? [] : [shadowedText(shadowedRules)]),
  ]
  return notes.length === 0
    ? verdict
    : { ...verdict, message: `${verdict.message}. Note: ${notes.join('; ')}` }
}

function verdictOf(
  { plan, blocks, soaking }: Pick<PlanFigures, 'plan' | 'blocks' | 'soaking'>,
  { mode }: Spec,
  held: string | undefined,
  open: Open | undefined,
): PlanVerdict {
  const { evict, untag, tags, unreferencedBytes } = plan.summary
  const what =
    evict + untag === 0
      ? `None of ${counted(tags, 'tag')} goes`
      : `${evict + untag} of ${counted(tags, 'tag')} ${evict + untag === 1 ? 'goes' : 'go'}, ${byteText(unreferencedBytes)} become unreferenced`
  if (held !== undefined) return { status: 'False', reason: 'Held', message: `${what}. ${held}` }
  const isHard = blocks.some(({ isAcceptable }) => !isAcceptable)
  if (open !== undefined && mode !== 'DryRun' && goesOn(open, blocks)) {
    const message = `${what}; run ${open.id} carries out plan ${open.plan}, and another approval ends it${soakText(soaking)}`
    return { status: 'True', reason: 'Planned', message }
  }
  const why = blocks.map(({ message }) => message).join('; ')
  if (mode === 'DryRun' && blocks.length > 0) {
    const could =
      evict + untag === 0 ? 'and none could' : isHard ? 'but in no mode now' : 'but only once approved'
    return { status: 'True', reason: 'Planned', message: `${what}, ${could} (${why})${DRY_RUN}` }
  }
  if (blocks.length > 0) {
    const remedy = isHard || evict + untag === 0 ? '' : `. Who approves plan ${plan.digest} accepts that`
    return { status: 'False', reason: 'PlanBlocked', message: `${what}, but ${why}${remedy}` }
  }
  return { status: 'True', reason: 'Planned', message: `${what}${howText(mode, evict + untag, soaking)}` }
}

function goesOn({ cause, startedAt }: Open, blocks: PlanFigures['blocks']): boolean {
  const against = cause === 'Approved' ? unaccepted(blocks, startedAt) : blocks
  return against.length === 0
}

const DRY_RUN = '; mode DryRun deletes nothing'

function howText(mode: RegistryPolicySpec['mode'], going: number, soaking: Soaking | undefined): string {
  switch (mode) {
    case 'DryRun':
      return DRY_RUN
    case 'Approve':
      return going === 0 ? '; there is nothing to approve' : '; they do once spec.approvedPlan names the plan'
    case 'Enforce':
      return enforceText(going, soaking)
  }
}

function enforceText(going: number, soaking: Soaking | undefined): string {
  if (soaking !== undefined) return soakText(soaking)
  return going === 0 ? '' : '; every plan over spec.soak says so'
}

/** Until when something waits at the earliest (S10). */
function soakText(soaking: Soaking | undefined): string {
  if (soaking === undefined) return ''
  const first = rfc3339Seconds(soaking.firstAt)
  const last = rfc3339Seconds(soaking.lastAt)
  const until = first === last ? ` until ${last}` : `, the first until ${first}, the last until ${last}`
  const { count } = soaking
  return `; ${count} of them ${count === 1 ? 'waits' : 'wait'} for spec.soak${until} at the earliest`
}
