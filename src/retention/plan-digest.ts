import { createHash } from 'node:crypto'
import type { Judgement } from '#retention/judge.ts'
import { type PlannedRemoval, removals } from '#retention/removals.ts'
import type { Pace } from '#time/pace.ts'

/** Whose plan it is, and of what. */
export interface PlanIdentity {
  /** UID of the Registry. */
  readonly registry: string
  /** Where it answers: the same object may name another registry later. */
  readonly url: string
  /** UID of the RegistryPolicy. */
  readonly policy: string
  /** Of its rules (rules-hash.ts). */
  readonly rules: string
}

/**
 * What a human approves: SHA-256 over lines of JSON, `identityLine` and then `removalLine` for each tag that goes, sorted by repository and tag (S12). What stays, clocks, counts and reasons are not in it: a new image that is kept changes no plan. `sha256:` and hex digits.
 */
export function* digestInSteps(
  identity: PlanIdentity,
  repositories: Judgement['repositories'],
  pace: Pace,
): Generator<undefined, string> {
  const hash = createHash('sha256').update(identityLine(identity))
  const sorted = repositories.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  for (const { repository, verdict } of removals(sorted)) {
    const { tag, digest, action } = verdict
    hash.update(removalLine({ repository, tag, digest, action }))
    if (pace.isTurnOver()) yield
  }
  return `sha256:${hash.digest('hex')}`
}

/** The first line of what a plan's digest is over: who, and by which rules. */
export function identityLine({ registry, url, policy, rules }: PlanIdentity): string {
  return jsonLine([registry, url, policy, rules])
}

/** The line of a tag that goes, with its digest and action. */
export function removalLine({ repository, tag, digest, action }: PlannedRemoval): string {
  return jsonLine([repository, tag, digest, action])
}

function jsonLine(values: readonly unknown[]): string {
  return `${JSON.stringify(values)}\n`
}
