import type { RegistryPolicySpec, RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { intersectInSteps } from '#retention/approval.ts'
import { type Block, unaccepted } from '#retention/blocks.ts'
import type { Judgement } from '#retention/judge.ts'
import { withinLimitInSteps } from '#retention/limits.ts'
import type { Plan } from '#retention/plan.ts'
import { type PlannedRemoval, removals } from '#retention/removals.ts'
import { type Soak, soakedInSteps } from '#retention/soak.ts'
import { parseDuration } from '#time/duration.ts'

/** What went by a plan that was kept. */
export interface ApprovedPlan {
  readonly digest: string
  /** When the registry was read for it, ms since the epoch. */
  readonly readAt: number
  readonly removals: readonly Pick<PlannedRemoval, 'repository' | 'tag' | 'digest'>[]
}

export interface DecisionInput {
  readonly spec: Pick<RegistryPolicySpec, 'mode' | 'approvedPlan' | 'approvalValidFor' | 'soak' | 'limits'>
  readonly plan: Pick<Plan, 'digest' | 'summary'>
  readonly judgement: Judgement
  readonly blocks: readonly Block[]
  /** With the plan of the judgement in it. */
  readonly soak: Soak
  /** The plan of spec.approvedPlan; undefined: none such is kept. */
  readonly approved: ApprovedPlan | undefined
  /** The run that has carried out spec.approvedPlan, or carries it out; undefined: none has (S12). */
  readonly usedBy: string | undefined
  /** Why nothing goes until a human has looked (S04). */
  readonly held: string | undefined
  /** ms since the epoch. */
  readonly now: number
}

export type Decision = {
  /** What becomes of spec.approvedPlan; undefined: there is none. */
  readonly approval: RegistryPolicyStatus['approval']
} & (
  | { readonly kind: 'wait' }
  | {
      readonly kind: 'run'
      readonly cause: 'Approved' | 'Enforced'
      /** Digest of the plan that is carried out. */
      readonly plan: string
      /** What goes. */
      readonly judgement: Judgement
    }
)

/** Whether something of a plan is carried out now, and what (S10 to S12). In steps. */
export function* decide(input: DecisionInput): Generator<undefined, Decision> {
  const { spec } = input
  if (spec.mode === 'DryRun') return { kind: 'wait', approval: undefined }
  let approval = approvalState(input)
  if (approval?.state === 'Pending' && input.approved !== undefined) {
    const { digest: plan, removals: approved } = input.approved
    const judgement = yield* intersectInSteps(approved, input.judgement)
    const message = isEmpty(judgement) ? partNotRead(approved, input.judgement) : undefined
    if (message === undefined) return { kind: 'run', cause: 'Approved', approval, plan, judgement }
    approval = { ...approval, state: 'Blocked', message }
  }
  if (spec.mode === 'Enforce' && input.blocks.length === 0 && input.held === undefined) {
    const soakMs = parseDuration(spec.soak) ?? Number.POSITIVE_INFINITY
    const agreed = yield* soakedInSteps(input.judgement, input.soak, soakMs)
    const judgement = yield* withinLimitInSteps(agreed, { ...spec.limits }, input.now)
    if (!isEmpty(judgement))
      return { kind: 'run', cause: 'Enforced', approval, plan: input.plan.digest, judgement }
  }
  return { kind: 'wait', approval }
}

function approvalState(input: DecisionInput): RegistryPolicyStatus['approval'] {
  const { spec, approved, usedBy, blocks, held, now } = input
  const plan = spec.approvedPlan
  if (plan === undefined) return undefined
  const state = (state: NonNullable<RegistryPolicyStatus['approval']>['state'], message: string) => ({
    plan,
    state,
    message: message.slice(0, MAX_MESSAGE),
  })
  if (usedBy !== undefined) {
    return state(
      'Used',
      `Run ${usedBy} has it; it counts once. To carry out another plan, approve its digest`,
    )
  }
  // Nobody knows then whether the plan was carried out, and it is not looked for.
  const unread = blocks.find(({ code }) => code === 'RecordUnreadable')
  if (unread !== undefined) return state('Blocked', unread.message)
  if (approved === undefined) {
    return state(
      'Unknown',
      `spec.approvedPlan: no plan ${plan} is kept: it may be superseded, of other rules, or misspelt. Review the last plan and approve ${input.plan.digest} (status.plan.digest)`,
    )
  }
  if (approved.removals.length === 0) {
    return state(
      'Empty',
      'Nothing goes by this plan, so that there is nothing to carry out. Approve the digest in status.plan once something goes, or take spec.approvedPlan out',
    )
  }
  const validFor = parseDuration(spec.approvalValidFor) ?? 0
  if (now - approved.readAt > validFor) {
    return state(
      'Expired',
      `The plan is of ${new Date(approved.readAt).toISOString()}, longer ago than spec.approvalValidFor (${spec.approvalValidFor}). Review and approve the one in status.plan`,
    )
  }
  if (held !== undefined) return state('Blocked', held)
  const hard = unaccepted(blocks, approved.readAt)
  if (hard.length > 0) return state('Blocked', hard.map(({ message }) => message).join('; '))
  return state('Pending', 'It is carried out')
}

const MAX_MESSAGE = 1024

function isEmpty({ repositories }: Judgement): boolean {
  return removals(repositories).next().done === true
}

/** An approval counts once: it is not used up where nothing goes because what it is about could not be looked at. */
function partNotRead(approved: ApprovedPlan['removals'], { parts }: Judgement): string | undefined {
  const about = new Set(approved.map(({ repository }) => repository))
  const unread = parts.facts.repositories.find(
    ({ name, incomplete }) => incomplete !== undefined && about.has(name),
  )
  if (unread === undefined) return undefined
  return `The repository ${unread.name} could not be read in full: ${unread.incomplete}. It is looked at again`.slice(
    0,
    MAX_MESSAGE,
  )
}
