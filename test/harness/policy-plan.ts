import { createHash } from 'node:crypto'
import fc from 'fast-check'
import type { PolicyPlanDocument } from '#report/plan-document.ts'
import { policyPlanDocument } from '#report/policy-plan-document.ts'
import type { Block } from '#retention/blocks.ts'
import type { JudgedRepository } from '#retention/judge.ts'
import { REASONS, type ReasonCode, reason } from '#retention/reasons.ts'
import type { PlannedRemoval } from '#retention/removals.ts'
import type { Verdict } from '#retention/verdict.ts'
import { anyText } from './check-report.ts'
import { digestOf, READ_AT } from './registry-facts.ts'
import { planDigest } from './retention-at-once.ts'

export const WHOSE = { registry: 'uid-registry', policy: 'uid-policy', rules: digestOf('rules') }
/** What the reason of a used tag names. */
export const WORKLOAD = 'prod-eu/shop-prod/Deployment/cart'

export function verdict(tag: string, action: Verdict['action'], why = reasonOf(action)): Verdict {
  return { tag, digest: digestOf(tag), action, reason: why, rule: action === 'keep' ? undefined : 'all' }
}

function reasonOf(action: Verdict['action']): Verdict['reason'] {
  return action === 'keep' ? reason('InUse', `${WORKLOAD} runs it`) : reason('Superseded', '', 41, READ_AT)
}

/** Two repositories of which one tag goes with its digest, one without, and two stay. */
export const SAMPLE: readonly JudgedRepository[] = [
  { name: 'shop/api', verdicts: [verdict('1', 'evict'), verdict('2', 'keep', reason('Newest', '', 1))] },
  { name: 'shop/web', verdicts: [verdict('v1', 'untag'), verdict('v2', 'keep')] },
]

export interface PlanSample {
  readonly repositories?: readonly JudgedRepository[]
  readonly before?: readonly PlannedRemoval[]
  readonly blocks?: readonly Block[]
  readonly unmatchedRules?: readonly string[]
  readonly names?: { readonly namespace: string; readonly name: string; readonly url: string }
  readonly uid?: string
  /** ms since the epoch. */
  readonly readAt?: number
}

/** The plan of the policy `apps/lean` for Registry `shop`, but for what is said. */
export function policyPlan(sample: PlanSample = {}): Promise<PolicyPlanDocument> {
  const { repositories = SAMPLE, before, blocks = [], unmatchedRules = [], readAt = READ_AT } = sample
  const { namespace, name, url } = sample.names ?? {
    namespace: 'apps',
    name: 'lean',
    url: 'https://r.example',
  }
  const identity = { ...WHOSE, url, policy: sample.uid ?? WHOSE.policy }
  const digest = planDigest(identity, repositories)
  return policyPlanDocument({
    policy: { namespace, name },
    registry: { name: 'shop', url },
    mode: 'Approve',
    ...{ readAt, blocks, unmatchedRules },
    plan: { ...identity, digest, repositories, summary: summaryOf(repositories) },
    before: before === undefined ? undefined : { digest: digestOf('before'), removals: before },
  })
}

function summaryOf(repositories: readonly JudgedRepository[]): PolicyPlanDocument['summary'] {
  const counts = { tags: 0, keep: 0, untag: 0, evict: 0 }
  const reasons: Partial<Record<ReasonCode, number>> = {}
  for (const { verdicts } of repositories) {
    for (const { action, reason: why } of verdicts) {
      counts.tags += 1
      counts[action] += 1
      reasons[why.code] = (reasons[why.code] ?? 0) + 1
    }
  }
  const { evict } = counts
  return {
    repositories: repositories.length,
    ...{ ...counts, digests: evict, unreferencedBytes: evict * 1024, reasons },
  }
}

const anyVerdict = fc
  .record({
    tag: anyText,
    action: fc.constantFrom('keep' as const, 'untag' as const, 'evict' as const),
    code: fc.constantFrom(...Object.keys(REASONS).filter((code): code is ReasonCode => code in REASONS)),
    of: anyText,
    rule: fc.option(anyText, { nil: undefined }),
  })
  .map(({ tag, action, code, of, rule }): Verdict => {
    return { tag, digest: digestOf(tag), action, reason: reason(code, of, 2, READ_AT), rule }
  })

const byName = <T>(nameOf: (item: T) => string) => ({
  selector: nameOf,
  maxLength: 4,
})

/** Repositories of hostile names, as far as they are sorted as a plan is. */
export const anyRepositories: fc.Arbitrary<JudgedRepository[]> = fc
  .uniqueArray(
    fc.record({
      name: anyText,
      verdicts: fc
        .uniqueArray(anyVerdict, { ...byName<Verdict>(({ tag }) => tag), minLength: 1 })
        .map((verdicts) => verdicts.toSorted((a, b) => (a.tag < b.tag ? -1 : 1))),
    }),
    byName<JudgedRepository>(({ name }) => name),
  )
  .map((repositories) => repositories.toSorted((a, b) => (a.name < b.name ? -1 : 1)))

/** As many tags as asked for, of 400 repositories, most of which go; the first is named by an attacker. */
export function manyTags(count: number, hostile: string): JudgedRepository[] {
  const repositories = 400
  const each = Math.ceil(count / repositories)
  return Array.from({ length: repositories }, (_, place) => ({
    name: place === 0 ? hostile : `team-${String(place).padStart(3, '0')}/app`,
    verdicts: Array.from({ length: each }, (_, at): Verdict => {
      const tag = place === 0 && at === 0 ? hostile : `1.0.${String(at).padStart(6, '0')}`
      const digest = `sha256:${createHash('sha256').update(`${place} ${at}`).digest('hex')}`
      const newer = each - at
      const used = at % 97 === 96
      const why = used
        ? reason('InUse', `prod-eu/team-${place}/Deployment/app-${at} runs it`)
        : reason('Superseded', '', newer, READ_AT)
      return {
        tag,
        digest,
        action: used ? 'keep' : at % 11 === 0 ? 'untag' : 'evict',
        reason: why,
        rule: 'all',
      }
    }),
  }))
}
