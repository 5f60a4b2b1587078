import { createHash } from 'node:crypto'
import type { Judgement } from '#retention/judge.ts'
import { removals } from '#retention/removals.ts'

/** Whose plan it is, and of what. */
export interface PlanIdentity {
  /** UID of the Registry. */
  readonly registry: string
  /** UID of the RegistryPolicy. */
  readonly policy: string
  /** Of its rules (rules-hash.ts). */
  readonly rules: string
}

/**
 * What a human approves: SHA-256 over lines of JSON, first who and by which rules, then each tag that goes with its digest and action, sorted by repository and tag
 * (S12). What stays, clocks, counts and reasons are not in it: a new image that is kept changes no plan. `sha256:` and hex digits.
 */
export function planDigest(
  { registry, policy, rules }: PlanIdentity,
  repositories: Judgement['repositories'],
): string {
  const hash = createHash('sha256')
  const line = (values: readonly unknown[]) => hash.update(`${JSON.stringify(values)}\n`)
  line([registry, policy, rules])
  const sorted = repositories.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  for (const { repository, verdict } of removals(sorted)) {
    line([repository, verdict.tag, verdict.digest, verdict.action])
  }
  return `sha256:${hash.digest('hex')}`
}
