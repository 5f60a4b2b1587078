import type { TallymanError } from '#catalogue/error.ts'
import type { ConditionReason } from '#catalogue/reasons.ts'
import { holdText, type StandingHold } from '#controllers/evicted-hold.ts'
import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { BLOCKS_IN_STATUS, EVICTIONS_IN_STATUS } from '#crds/registry-policy-plan.ts'
import { byteText } from '#report/byte-text.ts'
import type { Block } from '#retention/blocks.ts'
import type { Plan } from '#retention/plan.ts'
import { reasonText } from '#retention/reasons.ts'
import { removals } from '#retention/removals.ts'
import type { Soaking } from '#retention/soak.ts'
import { rfc3339Seconds, type Stamp, setCondition } from '#runtime/conditions.ts'
import { markProgressing, markReady, markRetrying, markStalled } from '#runtime/kstatus-marks.ts'

/** As registry-policy-plan.ts bounds them: the API server refuses a status with a longer text as a whole. */
const MAX_IMAGE = 1024
const MAX_REASON = 512
const MAX_MESSAGE = 1024

/** What the condition PlanReady says. */
export interface PlanVerdict {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: ConditionReason
  readonly message: string
}

export const NOT_PLANNED: PlanVerdict = {
  status: 'Unknown',
  reason: 'NotPlannedYet',
  message: 'The first plan with this spec is not made yet',
}

/** A plan as a status shows it. */
export interface PlanFigures {
  readonly plan: Plan
  /** What stands before a repository where its image is pulled: `r.example/`. */
  readonly from: string
  /** When the registry was read for it, ms since the epoch. */
  readonly readAt: number
  readonly blocks: readonly Block[]
  /** Against the plan before; undefined: there was none. */
  readonly difference: { readonly added: number; readonly dropped: number } | undefined
  /** Repositories that were not read in full. */
  readonly incomplete: number
  /** The first of them, and why. */
  readonly incompleteBecause?: string | undefined
  /** Digests in use without a tag: how many, and the first of them as they are pulled. */
  readonly untaggedInUse: { readonly count: number; readonly first: readonly string[] }
  /** Names of rules that match no repository. */
  readonly unmatchedRules: readonly string[]
  /** Names of rules of which earlier ones have everything. */
  readonly shadowedRules: readonly string[]
  /** What waits for spec.soak; undefined: nothing does, or the mode is another one. */
  readonly soaking: Soaking | undefined
  /** Entries of spec.restore that speak of nothing; undefined: nobody knows at the moment. */
  readonly unmatchedRestores: readonly string[] | undefined
}

/** The status while a new spec is worked on for the first time: nothing is known with it yet. */
export function planningStatus(status: RegistryPolicyStatus, stamp: Stamp): RegistryPolicyStatus {
  const marked = markProgressing(status, stamp, 'The registry is asked whether it answers')
  return withVerdict({ ...status, ...marked }, NOT_PLANNED, stamp)
}

/** The status while something that the spec names is missing. */
export function retryingPolicy(
  status: RegistryPolicyStatus,
  reason: ConditionReason,
  error: TallymanError,
  stamp: Stamp,
): RegistryPolicyStatus {
  const marked = markRetrying(status, stamp, reason, error)
  return withVerdict({ ...status, ...marked }, { status: 'Unknown', reason, message: error.message }, stamp)
}

/** The status with a spec that only its author can mend. */
export function stalledPolicy(
  status: RegistryPolicyStatus,
  reason: ConditionReason,
  error: TallymanError,
  stamp: Stamp,
): RegistryPolicyStatus {
  const marked = markStalled(status, stamp, reason, error)
  const message = `No plan is made, and nothing goes: ${error.message}`
  return withVerdict({ ...status, ...marked }, { ...NOT_PLANNED, message }, stamp)
}

/** The status with another verdict. The plan stays the last one, with its time. */
export function statusWithPlanVerdict(
  status: RegistryPolicyStatus,
  verdict: PlanVerdict,
  stamp: Stamp,
): RegistryPolicyStatus {
  const marked = markReady(
    status,
    stamp,
    'The spec is understood; whether there is a plan, and what it says, is the condition PlanReady',
  )
  return withVerdict({ ...status, ...marked }, verdict, stamp)
}

/** Nothing goes until a human has looked, whatever a plan has said (S04). @param now ms since the epoch */
export function heldPolicy(
  status: RegistryPolicyStatus,
  hold: StandingHold,
  now: number,
): RegistryPolicyStatus {
  const verdict: PlanVerdict = { status: 'False', reason: 'Held', message: holdText(hold) }
  const stamp = { generation: status.observedGeneration ?? 0, now }
  return withStandingHold(withVerdict(status, verdict, stamp), hold)
}

/** The status with the hold that stands; undefined: without one. */
export function withStandingHold(
  { hold: _, ...status }: RegistryPolicyStatus,
  hold: StandingHold | undefined,
): RegistryPolicyStatus {
  if (hold === undefined) return status
  const { token, since, because, refused } = hold
  // To the millisecond: who reads it back has the same token.
  const told = { token, since: new Date(since).toISOString(), because }
  return { ...status, hold: refused === undefined ? told : { ...told, refusedToken: refused } }
}

/** The status with the time of the next plan by the schedule. @param at ms since the epoch; Infinity: none is due by it */
export function withNextPlan(
  { nextPlanTime: _, ...status }: RegistryPolicyStatus,
  at: number,
): RegistryPolicyStatus {
  return Number.isFinite(at) ? { ...status, nextPlanTime: rfc3339Seconds(at) } : status
}

function withVerdict(status: RegistryPolicyStatus, verdict: PlanVerdict, stamp: Stamp): RegistryPolicyStatus {
  // Where none could be made it is tried again without waiting for the schedule, or not at all.
  const told = verdict.status === 'Unknown' ? withNextPlan(status, Number.POSITIVE_INFINITY) : status
  return {
    ...told,
    conditions: setCondition(status.conditions ?? [], { type: 'PlanReady', ...verdict }, stamp),
  }
}

/** The status after a plan was made. A summary with a bound: counts of everything, the first tags that go. */
export function statusAfterPlan(
  status: RegistryPolicyStatus,
  figures: PlanFigures,
  verdict: PlanVerdict,
  stamp: Stamp,
): RegistryPolicyStatus {
  const { plan, readAt, difference, incomplete, untaggedInUse, soaking } = figures
  const { unmatchedRules, shadowedRules, incompleteBecause } = figures
  const { digest, summary } = plan
  const { repositories, tags, keep, untag, evict, digests, unreferencedBytes } = summary
  const {
    blocks: _blocks,
    evictions: _evictions,
    unmatchedRestores: restoresBefore,
    ...kept
  } = statusWithPlanVerdict(status, verdict, stamp)
  const unmatchedRestores = figures.unmatchedRestores ?? restoresBefore ?? []
  const blocks = figures.blocks.slice(0, BLOCKS_IN_STATUS).map(({ code, message, isAcceptable }) => ({
    code,
    message: message.slice(0, MAX_MESSAGE),
    approvable: isAcceptable,
  }))
  return {
    ...kept,
    plan: {
      digest,
      time: rfc3339Seconds(readAt),
      ...{ repositories, tags, keep, untag, evict, digests },
      reclaimableBytes: unreferencedBytes,
      reclaimable: byteText(unreferencedBytes),
      ...(difference === undefined ? {} : difference),
      ...(incomplete === 0 ? {} : { incomplete }),
      ...(incompleteBecause === undefined
        ? {}
        : { incompleteBecause: incompleteBecause.slice(0, MAX_MESSAGE) }),
      ...(untaggedInUse.count === 0
        ? {}
        : { untaggedInUse: untaggedInUse.count, untaggedInUseFirst: [...untaggedInUse.first] }),
      ...(unmatchedRules.length === 0 ? {} : { unmatchedRules: [...unmatchedRules] }),
      ...(shadowedRules.length === 0 ? {} : { shadowedRules: [...shadowedRules] }),
      ...(soaking === undefined ? {} : { soak: soakStatus(soaking) }),
      // That of another plan would be read for this one.
      ...(status.plan?.report === undefined || status.plan.digest !== digest
        ? {}
        : { report: status.plan.report }),
    },
    ...(blocks.length === 0 ? {} : { blocks }),
    evictions: firstEvictions(plan, figures.from),
    ...(unmatchedRestores.length === 0 ? {} : { unmatchedRestores: [...unmatchedRestores] }),
  }
}

function soakStatus({ count, firstAt, lastAt }: Soaking) {
  return { waiting: count, firstAt: rfc3339Seconds(firstAt), lastAt: rfc3339Seconds(lastAt) }
}

function firstEvictions({ repositories }: Pick<Plan, 'repositories'>, from: string) {
  const shown: NonNullable<RegistryPolicyStatus['evictions']> = []
  for (const { repository, verdict } of removals(repositories)) {
    if (shown.length === EVICTIONS_IN_STATUS) break
    const { tag, digest, action, reason, rule } = verdict
    if (digest === undefined || action === 'keep') continue
    shown.push({
      image: `${from}${repository}:${tag}`.slice(0, MAX_IMAGE),
      digest,
      action: action === 'evict' ? 'Evict' : 'Untag',
      reason: reasonText(reason).slice(0, MAX_REASON),
      ...(rule === undefined ? {} : { rule }),
    })
  }
  return shown
}
