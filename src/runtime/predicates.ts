import { REQUESTED_AT } from '#crds/meta.ts'

/** What of an object decides whether a change of it is work. */
export interface Watched {
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
  return specChanged(old, current) || requestedAt(old) !== requestedAt(current)
}

/** Whether work on `old` is work on something that is no longer wanted: another spec, marked for deletion, gone, or a new object of that name. */
export function specChanged(old: Watched | undefined, current: Watched | undefined): boolean {
  return (
    old?.metadata.uid !== current?.metadata.uid ||
    old?.metadata.generation !== current?.metadata.generation ||
    old?.metadata.deletionTimestamp !== current?.metadata.deletionTimestamp
  )
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
