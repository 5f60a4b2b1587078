import type { TallymanError } from '#catalogue/error.ts'
import type { ErrorKind } from '#catalogue/error-entry.ts'
import type { EventReason } from '#catalogue/events.ts'
import type { EvictedReturn } from '#controllers/evicted-returns.ts'
import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { RESTORATIONS_IN_STATUS } from '#crds/registry-policy-status.ts'
import type { Evicted } from '#evict/evicted.ts'
import { reasonText } from '#retention/reasons.ts'
import { useReason } from '#retention/use-reason.ts'
import { rfc3339Seconds } from '#runtime/conditions.ts'

export type RestorationStatus = NonNullable<RegistryPolicyStatus['restorations']>[number]

/** So many are named in an event or a condition. */
const NAMED = 3
/** As registry-policy-status.ts bounds them. */
const MAX_IMAGE = 1024
const MAX_MESSAGE = 1024

/** The events that returns are worth: one of each kind, however many there are. @param from as imageOf takes it */
export function returnEvents(
  returns: readonly EvictedReturn[],
  from: string,
): { readonly reason: EventReason; readonly note: string }[] {
  const back = returns.filter(({ outcome }) => outcome === 'Restored')
  const failed = returns.filter(({ outcome, isNews }) => outcome === 'Failed' && isNews)
  return [
    ...(back.length === 0
      ? []
      : [
          {
            reason: 'EvictedInUse' as const,
            note: `In use after it was evicted, and back: ${named(back, from, whoUses)}`,
          },
        ]),
    ...(failed.length === 0
      ? []
      : [
          {
            reason: 'RestoreFailed' as const,
            note: `In use after it was evicted, and not back: ${named(failed, from, whoUses)}`,
          },
        ]),
  ]
}

/**
 * Why the policy must not go on. It lies in the workspace, which others may read, and names no workload (S19). A registry that does not answer says nothing yet: that is tried again.
 * @param from as imageOf takes it @returns undefined: nothing is known to have been missing that is in use
 */
export function reasonToHold(returns: readonly EvictedReturn[], from: string): string | undefined {
  const missed = returns.filter(
    ({ outcome, error }) =>
      outcome === 'Restored' || (outcome === 'Failed' && error !== undefined && !mayPass(error)),
  )
  return missed.length === 0
    ? undefined
    : `In use after it was evicted: ${named(missed, from, () => undefined)}`
}

/** It says nothing about what was to come back. */
export function mayPass({ kind }: TallymanError): boolean {
  return PASSES.has(kind)
}

const PASSES: ReadonlySet<ErrorKind> = new Set(['unreachable', 'throttled', 'cancelled'])

/** What the status says of returns. @param from as imageOf takes it @param now ms since the epoch */
export function returnStatus(
  returns: readonly EvictedReturn[],
  from: string,
  now: number,
): RestorationStatus[] {
  return returns
    .filter(({ outcome, isNews }) => outcome !== 'Present' && isNews)
    .map(({ use, outcome, error }) =>
      restorationStatus({ thing: use.thing, outcome, error }, { cause: 'InUse', from, now }, whoUses(use)),
    )
}

/** What the status says of one thing. @param from as imageOf takes it @param now ms since the epoch @param why it was to come back */
export function restorationStatus(
  {
    thing,
    outcome,
    error,
  }: Pick<EvictedReturn, 'outcome'> & { readonly thing: Evicted; readonly error?: TallymanError | undefined },
  { cause, from, now }: Pick<RestorationStatus, 'cause'> & { readonly from: string; readonly now: number },
  why?: string,
): RestorationStatus {
  const message = error?.advice ?? why
  return {
    image: imageOf(thing, from).slice(0, MAX_IMAGE),
    cause,
    outcome: outcome === 'Present' ? 'Restored' : outcome,
    time: rfc3339Seconds(now),
    ...(message === undefined ? {} : { message: message.slice(0, MAX_MESSAGE) }),
  }
}

/** The status with what was brought back, newest first. */
export function withRestorations(
  status: RegistryPolicyStatus,
  told: readonly RestorationStatus[],
): RegistryPolicyStatus {
  if (told.length === 0) return status
  const images = new Set(told.map(({ image }) => image))
  const older = (status.restorations ?? []).filter(({ image }) => !images.has(image))
  return { ...status, restorations: [...told, ...older].slice(0, RESTORATIONS_IN_STATUS) }
}

/** As a container runtime pulls it. @param from what stands before the repository: `r.example/` */
export function imageOf(
  { repository, tag, digest }: Pick<Evicted, 'repository' | 'tag' | 'digest'>,
  from: string,
): string {
  return tag === undefined ? `${from}${repository}@${digest}` : `${from}${repository}:${tag}`
}

function named(
  returns: readonly EvictedReturn[],
  from: string,
  by: (use: EvictedReturn['use']) => string | undefined,
): string {
  const texts = returns.slice(0, NAMED).map(({ use, error }) => {
    const words = [by(use), error && `${error.code}: ${error.message}`].filter((word) => word !== undefined)
    return imageOf(use.thing, from) + (words.length === 0 ? '' : ` (${words.join(', ')})`)
  })
  const more = returns.length - texts.length
  return texts.join('; ') + (more === 0 ? '' : ` and ${more} more`)
}

function whoUses({ reason }: EvictedReturn['use']): string {
  const why = useReason([reason])
  return why === undefined ? 'in use' : reasonText(why)
}
