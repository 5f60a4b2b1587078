import { counted } from '#catalogue/counted.ts'
import type { EventReason } from '#catalogue/events.ts'
import type { Transition } from '#controllers/check-transition.ts'
import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { shadowedText } from '#retention/shadowed-rules.ts'
import { unmatchedText } from '#retention/unmatched-rules.ts'
import { getCondition } from '#runtime/conditions.ts'

/** What is worth an event when one status of a policy follows another; nothing while nothing changes. */
export function policyTransitions(
  before: RegistryPolicyStatus | undefined,
  after: RegistryPolicyStatus,
): Transition[] {
  return [
    stalledTransition(before, after),
    planTransition(before, after),
    holdTransition(before?.hold, after.hold),
    approvalTransition(before?.approval, after.approval),
    runTransition(before?.run, after.run),
    keptTransition(before, after),
    rulesTransition(before, after),
    shadowTransition(before, after),
    untaggedTransition(before, after),
    lostTransition(before?.lostOutside, after.lostOutside),
    restoreTransition(before, after),
  ].filter((transition) => transition !== undefined)
}

/** What Stalled may say besides SpecInvalid, each with its event of the same name. */
const STALLED = [
  'PolicyConflict',
  'RetainsTooLittle',
  'PullThrough',
] as const satisfies readonly EventReason[]

function stalledTransition(
  before: RegistryPolicyStatus | undefined,
  after: RegistryPolicyStatus,
): Transition | undefined {
  const was = getCondition(before?.conditions ?? [], 'Stalled')
  const is = getCondition(after.conditions ?? [], 'Stalled')
  if (is === undefined || is.message === was?.message) return undefined
  return { reason: STALLED.find((reason) => reason === is.reason) ?? 'SpecInvalid', note: is.message }
}

function planTransition(
  before: RegistryPolicyStatus | undefined,
  after: RegistryPolicyStatus,
): Transition | undefined {
  const was = getCondition(before?.conditions ?? [], 'PlanReady')
  const is = getCondition(after.conditions ?? [], 'PlanReady')
  if (is === undefined) return undefined
  const isSame = was?.status === is.status && was.reason === is.reason
  if (is.status === 'Unknown') {
    const isNews = was !== undefined && !isSame && is.reason !== 'NotPlannedYet'
    return isNews ? { reason: 'PlanUnknown', note: is.message } : undefined
  }
  if (is.status === 'False') {
    const isNews = !isSame || codesOf(before) !== codesOf(after)
    return isNews ? { reason: 'PlanBlocked', note: is.message } : undefined
  }
  const isNews = !isSame || before?.plan?.digest !== after.plan?.digest
  return isNews ? { reason: 'PlanMade', note: is.message } : undefined
}

/** What stands in spec.releaseHold when a hold begins was for an earlier one: that is no news. */
function holdTransition(
  before: RegistryPolicyStatus['hold'],
  after: RegistryPolicyStatus['hold'],
): Transition | undefined {
  if (after?.refusedToken === undefined || after.token !== before?.token) return undefined
  if (after.refusedToken === before.refusedToken) return undefined
  const note = `spec.releaseHold: ${JSON.stringify(after.refusedToken)} is not the token of the hold that stands, and nothing goes. Once you have looked, set it to ${after.token} (status.hold.token)`
  return { reason: 'HoldNotReleased', note }
}

/** So many are named in an event. */
const NAMED = 3

/** States in which an approval leads to nothing unless somebody changes it. */
const VOID: ReadonlySet<string> = new Set<NonNullable<RegistryPolicyStatus['approval']>['state']>([
  'Unknown',
  'Expired',
  'Empty',
])

function approvalTransition(
  before: RegistryPolicyStatus['approval'],
  after: RegistryPolicyStatus['approval'],
): Transition | undefined {
  if (after === undefined || !VOID.has(after.state)) return undefined
  if (after.plan === before?.plan && after.state === before.state) return undefined
  return { reason: 'ApprovalVoid', note: `Plan ${after.plan} is not carried out: ${after.message}` }
}

function codesOf(status: RegistryPolicyStatus | undefined): string {
  return (status?.blocks ?? []).map(({ code }) => code).join()
}

const ENDED: ReadonlySet<string> = new Set(['Succeeded', 'Partial', 'Stopped', 'Superseded'])

function runTransition(
  before: RegistryPolicyStatus['run'],
  after: RegistryPolicyStatus['run'],
): Transition | undefined {
  if (after === undefined) return undefined
  const { id, plan, cause, phase, untagged, swept, spared, message } = after
  const isNew = before?.id !== id
  const hasEnded = ENDED.has(phase)
  if (hasEnded && (isNew || !ENDED.has(before.phase) || before.phase !== phase)) {
    const note = `Run ${id}: ${counted(untagged, 'tag')} and ${counted(swept, 'manifest')} went, ${spared} stayed after all${message === undefined ? '' : `: ${message}`}`
    return { reason: phase === 'Succeeded' ? 'EvictionEnded' : 'EvictionStopped', note }
  }
  return isNew && !hasEnded
    ? { reason: 'EvictionStarted', note: `Run ${id} carries out plan ${plan} (${cause.toLowerCase()})` }
    : undefined
}

function keptTransition(
  before: RegistryPolicyStatus | undefined,
  after: RegistryPolicyStatus,
): Transition | undefined {
  const was = before?.plan?.report?.message
  const is = after.plan?.report?.message
  return is === undefined || is === was ? undefined : { reason: 'PlanNotKept', note: is }
}

function rulesTransition(
  before: RegistryPolicyStatus | undefined,
  after: RegistryPolicyStatus,
): Transition | undefined {
  const news = added(before?.plan?.unmatchedRules, after.plan?.unmatchedRules)
  if (news.length === 0) return undefined
  const note = `In spec.rules, ${unmatchedText(news)}: where one is misspelt, the next rule decides`
  return { reason: 'RulesUnmatched', note }
}

function shadowTransition(
  before: RegistryPolicyStatus | undefined,
  after: RegistryPolicyStatus,
): Transition | undefined {
  const news = added(before?.plan?.shadowedRules, after.plan?.shadowedRules)
  return news.length === 0
    ? undefined
    : { reason: 'RulesShadowed', note: `In spec.rules, ${shadowedText(news)}` }
}

function untaggedTransition(
  before: RegistryPolicyStatus | undefined,
  after: RegistryPolicyStatus,
): Transition | undefined {
  const news = added(before?.plan?.untaggedInUseFirst, after.plan?.untaggedInUseFirst)
  if (news.length === 0) return undefined
  const note = `In use, and no tag names it any more, so that the registry may remove it unless spec.anchorInUse of the Registry is Tag: ${listed(news, news.length)}`
  return { reason: 'UntaggedInUse', note }
}

function lostTransition(
  before: RegistryPolicyStatus['lostOutside'],
  after: RegistryPolicyStatus['lostOutside'],
): Transition | undefined {
  if (after === undefined || after.time === before?.time) return undefined
  const { count, tags } = after
  const note = `${counted(count, 'tag')} that had to stay went, and not by the policy: ${listed(tags, count)}`
  return { reason: 'LostOutside', note }
}

function restoreTransition(
  before: RegistryPolicyStatus | undefined,
  after: RegistryPolicyStatus,
): Transition | undefined {
  const [first, ...others] = added(before?.unmatchedRestores, after.unmatchedRestores)
  if (first === undefined) return undefined
  const more = others.length === 0 ? '' : `; ${others.length} more: status.unmatchedRestores`
  const note = `spec.restore: nothing of ${first} is known to have been evicted by this policy, and nothing of it is there${more}`
  return { reason: 'NothingToRestore', note }
}

/** An event has no room for all. */
function listed(names: readonly string[], count: number): string {
  const shown = names.slice(0, NAMED)
  const more = count - shown.length
  return shown.join('; ') + (more > 0 ? `; ${more} more` : '')
}

function added(before: readonly string[] = [], after: readonly string[] = []): string[] {
  return after.filter((each) => !before.includes(each))
}
