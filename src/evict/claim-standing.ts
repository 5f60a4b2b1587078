import { TallymanError } from '#catalogue/error.ts'
import { CLAIMS_REPOSITORY, type UsageClaim } from '#inventory/claim.ts'
import { LARGEST_SKEW_MS } from '#inventory/trust/distrust.ts'
import { type ClaimHolder, claimTag, type Heartbeat } from './claim-artifact.ts'
import type { FoundClaim } from './claims.ts'

/** How old the usage that another installation publishes may be, ms. */
export const MAX_USAGE_AGE_MS = 2 * 60_000

/** What the claims of others mean for one that wants to delete. */
export interface Standing {
  /** What forbids it; undefined: nothing. */
  readonly obstacle: TallymanError | undefined
  /** What others use, as far as they say so or said last: to be united with what we use. */
  readonly usage: readonly UsageClaim[]
}

/**
 * A claim of another installation forbids deleting, however old it is, unless that says freshly, completely and credibly what it uses. That of another
 * operator of the same cluster always forbids it: one of the two is too many.
 * @param now ms since the epoch
 */
export function standingAmong(holder: ClaimHolder, claims: readonly FoundClaim[], now: number): Standing {
  const judged = claims
    .filter(({ tag }) => tag !== claimTag(holder))
    .map((claim) => judgedClaim(holder, claim, now))
  return {
    obstacle: judged.find(({ obstacle }) => obstacle !== undefined)?.obstacle,
    usage: judged.flatMap(({ usage }) => usage ?? []),
  }
}

interface Judged {
  readonly obstacle?: TallymanError
  readonly usage?: UsageClaim
}

function judgedClaim(holder: ClaimHolder, { tag, content }: FoundClaim, now: number): Judged {
  const place = `${CLAIMS_REPOSITORY}:${tag}`
  if ('unreadable' in content) return foreign(`${place} cannot be read: ${content.unreadable}`)
  const { heartbeat, usage } = content
  const { installation, operator } = heartbeat.holder
  const age = `written ${ageOf(heartbeat, now)}`
  if (installation === holder.installation) {
    const message = `${place}, ${age}: the operator in namespace ${operator} of this cluster claims the registry too`
    return { obstacle: new TallymanError('CLAIM_SECOND_OPERATOR', message) }
  }
  const who = `${place}, ${age}: the installation ${installation} (operator in namespace ${operator})`
  if ('problem' in usage) return foreign(`${who} does not say what it uses: ${usage.message}`)
  const said = { usage: usage.claim }
  if (heartbeat.at - now > LARGEST_SKEW_MS)
    return { ...said, ...foreign(`${who} has a clock that is ahead of ours`) }
  if (now - heartbeat.at > MAX_USAGE_AGE_MS)
    return { ...said, ...foreign(`${who} does not say what it uses now`) }
  return said
}

function foreign(message: string): Judged {
  return { obstacle: new TallymanError('CLAIM_FOREIGN', message) }
}

function ageOf({ at }: Heartbeat, now: number): string {
  const seconds = Math.round((now - at) / 1000)
  if (seconds < 0) return `${-seconds} s in the future`
  if (seconds < 3600) return `${seconds} s ago`
  const hours = Math.floor(seconds / 3600)
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} d ago`
}
