import { hash } from 'node:crypto'
import { type RegistryPolicyObject, writtenIn } from '#controllers/resources.ts'
import type { Hold, PolicyRecord } from '#retention/policy-record.ts'

/** @param now ms since the epoch */
export function holdOn(because: string, now: number): Hold {
  return { since: now, because: because.slice(0, MAX_BECAUSE) }
}

/** The record with a hold. Of two the newer one counts: a human may have looked at the other. */
export function withHold(record: PolicyRecord, { since, because }: Hold): PolicyRecord {
  return (record.hold?.since ?? 0) > since ? record : { ...record, hold: { since, because } }
}

/** The hold that the status of a policy tells of, with the same token; undefined: it tells of none. */
export function toldHold({ status }: RegistryPolicyObject): Hold | undefined {
  if (status?.hold === undefined) return undefined
  const { since, because } = status.hold
  return { since: Date.parse(since) || 0, because }
}

/** What a human who has looked writes into `spec.releaseHold`. It speaks of one hold: another one has another token. */
export function holdToken({ since, because }: Hold): string {
  return `hold-${hash('sha256', JSON.stringify([since, because]), 'hex').slice(0, 12)}`
}

/** A hold that nobody has ended yet. */
export interface StandingHold extends Hold {
  readonly token: string
  /** What spec.releaseHold says in place of the token; undefined: nothing. */
  readonly refused: string | undefined
}

/**
 * Whether a hold stands. We never write a spec, so `suspend` is not ours to set. No other change ends it: a bot, or GitOps that puts back what was there before, may have made that.
 * @returns undefined: it stands no more
 */
export function standingHold(hold: Hold | undefined, policy: RegistryPolicyObject): StandingHold | undefined {
  if (hold === undefined) return undefined
  const token = holdToken(hold)
  const written = writtenIn(policy, 'releaseHold')
  if (written === token) return undefined
  return { ...hold, token, refused: typeof written === 'string' ? written : undefined }
}

/** Why nothing goes, and what to do. */
export function holdText({ because, token, refused }: StandingHold): string {
  const wrong = refused === undefined ? '' : `; ${JSON.stringify(refused)}, which it says, is not its token`
  return `${because}. Nothing goes until a human has looked why it was evicted: to go on, set spec.releaseHold: ${token}${wrong}`
}

const MAX_BECAUSE = 512
