import { REQUESTED_AT } from '#crds/meta.ts'
import { mergePatch } from '#runtime/merge-patch.ts'

/** What of an object decides whether a change of it is work. */
export interface Watched {
  readonly spec?: unknown
  readonly metadata: {
    readonly uid?: string
    readonly generation?: number
    readonly deletionTimestamp?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
}

/**
 * Whether a change of an object of our own kind needs a reconciliation: it is new or gone, its generation or deletion
 * mark changed, or a run was asked for by annotation.
 * - Our own status writes change none of these, so they do not wake us.
 * - A status that somebody wiped is therefore repaired only by the next scheduled run.
 */
export function needsReconcile(old: Watched | undefined, current: Watched | undefined): boolean {
  if (old === undefined || current === undefined) return true
  return (
    old.metadata.generation !== current.metadata.generation ||
    !sameWork(old, current) ||
    requestedAt(old) !== requestedAt(current)
  )
}

/**
 * Whether work on `then` is still work on `now`: not marked for deletion since, no new object of that name, and no other
 * spec. spec.suspend does not count: it keeps work from beginning, and lets running work finish (S21).
 */
export function sameWork(then: Watched, now: Watched): boolean {
  return (
    then.metadata.uid === now.metadata.uid &&
    then.metadata.deletionTimestamp === now.metadata.deletionTimestamp &&
    (then.metadata.generation === now.metadata.generation || sameButSuspend(then.spec, now.spec))
  )
}

function sameButSuspend(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return false
  return mergePatch({ ...a, suspend: undefined }, { ...b, suspend: undefined }) === undefined
}

/** What status.lastHandledReconcileAt takes, in characters. */
const MAX_TOKEN = 256

/** The token of the last request for a run, as the user wrote it, as far as the status can echo it. */
export function requestedAt(object: Watched): string | undefined {
  return object.metadata.annotations?.[REQUESTED_AT]?.slice(0, MAX_TOKEN)
}

/**
 * The token of a request that was not acted on yet, to be echoed in status.lastHandledReconcileAt when it was; undefined
 * where there is none.
 */
export function pendingRequest(
  object: Watched & { readonly status?: { readonly lastHandledReconcileAt?: string | undefined } },
): string | undefined {
  const token = requestedAt(object)
  return token === object.status?.lastHandledReconcileAt ? undefined : token
}
