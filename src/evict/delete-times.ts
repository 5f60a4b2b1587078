/** How far two listings lie apart that have to agree after a DELETE of which nobody knows what it did, in milliseconds (S16). */
export const QUIET_MS = 5_000
/** The longest that a DELETE may take where no Registry says it: the default of its `deletion.requestLimit`, in milliseconds. */
export const DELETE_LIMIT_MS = 60_000
