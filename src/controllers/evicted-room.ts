import type { Planning } from '#controllers/policy-planner.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { Block } from '#retention/blocks.ts'
import { evictionsInSteps } from '#retention/eviction-of.ts'
import type { Judgement } from '#retention/judge.ts'
import { withinLimitInSteps } from '#retention/limits.ts'
import type { PolicyRecord } from '#retention/policy-record.ts'
import { calmly } from '#time/calmly.ts'
import { Pace } from '#time/pace.ts'

/**
 * So many things are watched for new use at most, of all policies of the operator: a tag and its digest are two, a platform of an image is one more. They take about
 * 100 MB, and every change of use is held against all of them.
 */
const MOST_WATCHED = 1_000_000

export interface WatchRoom {
  readonly spec: Pick<RegistryPolicySpec, 'mode' | 'approvedPlan' | 'limits'>
  readonly planning: Pick<Planning, 'judgement' | 'plan'>
  /** Those that are used. */
  readonly approvals: PolicyRecord['approvals']
  /** Things of all policies that went and are watched. */
  readonly known: number
  /** ms since the epoch. */
  readonly now: number
  /** MOST_WATCHED, but for tests. */
  readonly most?: number
}

/** What would not be watched may not go: it would not come back by itself (S04). What is watched already stays so, however much it is. */
export async function watchBlocks(room: WatchRoom): Promise<Block[]> {
  const { planning, known, most = MOST_WATCHED } = room
  const { summary } = planning.plan
  const tags = summary.evict + summary.untag
  const mayGo = tags === 0 ? 0 : tags + summary.digests + untaggedIn(planning.judgement)
  if (known + mayGo <= most) return []
  const goes = tags === 0 ? 0 : await thingsIn(await whatGoes(room))
  if (known + goes <= most) return []
  const message = `${known} things that went already are watched for new use, and ${goes} more would be (a tag and its digest are two), of ${most} at most: let less go at once by rules or, in mode Enforce, limits.maxEvictions, or shorten spec.trash.retainFor`
  return [{ code: 'TooManyToWatch', message, isAcceptable: false }]
}

/** What is purged is not watched any more: that is the way out of TooManyToWatch. */
export function mayPurge(blocks: readonly Pick<Block, 'code' | 'isAcceptable'>[]): boolean {
  return blocks.every(({ code, isAcceptable }) => isAcceptable || code === 'TooManyToWatch')
}

/** What one run of the plan takes away. An approval is for all of a plan, whatever the limits are. */
async function whatGoes({ spec, planning, approvals, now }: WatchRoom): Promise<Judgement> {
  const { mode, approvedPlan } = spec
  const isApproved = approvedPlan !== undefined && approvals.every(({ plan }) => plan !== approvedPlan)
  if (mode !== 'Enforce' || isApproved) return planning.judgement
  return await calmly(withinLimitInSteps(planning.judgement, spec.limits, now))
}

async function thingsIn(judgement: Judgement): Promise<number> {
  const evictions = await calmly(evictionsInSteps(judgement, new Pace()))
  return evictions.reduce((sum, { bindings, digests }) => sum + bindings.length + digests.length, 0)
}

function untaggedIn({ parts }: Judgement): number {
  return parts.facts.repositories.reduce((sum, { untagged }) => sum + untagged.length, 0)
}
