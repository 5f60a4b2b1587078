/**
 * What kind of fact an error states. Decisions branch on the kind or the code, never on a message.
 * `absent`, `denied`, `unreachable`, `damaged` and `unsupported` are kept apart because only the first and the fourth
 * say anything about an image (DESIGN principle 11).
 */
export type ErrorKind =
  | 'absent'
  | 'denied'
  | 'unreachable'
  | 'damaged'
  | 'unsupported'
  | 'throttled'
  | 'invalid'
  | 'conflict'
  | 'expired'
  | 'cancelled'
  | 'internal'

/** `backoff`: trying again later may help. `never`: it fails the same way until somebody changes something. */
export type Retry = 'backoff' | 'never'

export interface ErrorEntry {
  readonly kind: ErrorKind
  readonly retry: Retry
  /** One sentence for the documentation: what happened. */
  readonly means: string
  /** One sentence for the user: what to do. */
  readonly remedy: string
}
