import { keepBeforeInUse } from '#retention/keep/before-in-use.ts'
import { keepByName } from '#retention/keep/by-name.ts'
import type { Candidate, KeepPolicy } from '#retention/keep/candidate.ts'
import { keepNewest } from '#retention/keep/newest.ts'
import { keepUndated } from '#retention/keep/undated.ts'
import { keepUnused } from '#retention/keep/unused.ts'
import { keepVersion } from '#retention/keep/version.ts'
import { keepYoung } from '#retention/keep/young.ts'
import type { Reason } from '#retention/reasons.ts'

/** The first that knows why to keep something says why. */
const POLICIES: readonly KeepPolicy[] = [
  keepByName,
  keepUndated,
  keepNewest,
  keepBeforeInUse,
  keepVersion,
  keepYoung,
  keepUnused,
]

/** Why its rule keeps it; undefined: it does not. */
export function keptByRule(candidate: Candidate): Reason | undefined {
  for (const policy of POLICIES) {
    const kept = policy(candidate)
    if (kept !== undefined) return kept
  }
  return undefined
}
