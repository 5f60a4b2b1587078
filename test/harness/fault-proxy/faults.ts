import type { RecordedRequest } from './record.ts'

/**
 * A place in a body: after so many bytes, after so many complete lines (JSON watch), or after so many complete frames
 * with a 4-byte big-endian length (Kubernetes' protobuf watch).
 */
export type Position = number | { readonly lines: number } | { readonly frames: number }

/** What every fault may carry. */
export interface FaultLimits {
  /** Chance in [0, 1] that a matching request is struck; drawn from the proxy's seeded generator. Default 1. */
  readonly probability?: number
  /** How many requests are struck before the rule falls silent. Default: every one. */
  readonly times?: number
  /**
   * Called synchronously when the rule strikes: for `drop` once the upstream has answered and before anything of it
   * is passed on, for every other fault when the request has arrived and before anything of it is forwarded.
   */
  readonly onStrike?: (request: RecordedRequest) => void
}

/** Waits: before the request is forwarded, before the answer's headers, or before each chunk of its body. */
export interface DelayFault {
  readonly kind: 'delay'
  readonly ms: number
  readonly at: 'request' | 'headers' | 'chunks'
}

/** Passes the answer's body on at this pace. */
export interface DripFault {
  readonly kind: 'drip'
  readonly bytesPerSecond: number
}

/**
 * Destroys the client's connection, with a TCP RST where `reset` is set: before anything reaches the upstream, after
 * so many bytes of the upload, after the answer's headers, or inside the answer's body.
 */
export type CutFault = { readonly kind: 'cut'; readonly reset?: boolean } & (
  | { readonly at: 'request' | 'headers' }
  | { readonly at: 'upload'; readonly afterBytes: number }
  | { readonly at: 'body'; readonly after: Position }
)

/** The proxy answers itself; the upstream never hears of the request. An object as `body` is sent as JSON. */
export interface StatusFault {
  readonly kind: 'status'
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | object
}

/**
 * The right headers, and a body that ends early: `kept` promises the whole length and closes the connection with a
 * clean FIN, `shortened` promises what it sends (smaller Content-Length, or an early last chunk).
 */
export interface TruncateFault {
  readonly kind: 'truncate'
  readonly after: Position
  readonly length: 'kept' | 'shortened'
}

/** Inverts `count` (default 1) bytes of the answer's body from `offset` (default 0) on. The length stays. */
export interface CorruptFault {
  readonly kind: 'corrupt'
  readonly offset?: number
  readonly count?: number
}

/** The socket stays open and nothing more comes: the request is swallowed, or the answer stops inside its body. */
export type HalfOpenFault = { readonly kind: 'halfOpen' } & (
  | { readonly at: 'request' }
  | { readonly at: 'body'; readonly after: Position }
)

/** Answers with a redirect (307 unless told): to this URL, or to the same path and query at this origin. */
export type RedirectFault = { readonly kind: 'redirect'; readonly status?: number } & (
  | { readonly url: string }
  | { readonly origin: string }
)

/** Puts bytes into the answer's body. With `end` the answer then ends, cleanly, as a server does after a watch ERROR. */
export interface InjectFault {
  readonly kind: 'inject'
  readonly after: Position
  readonly bytes: string | Uint8Array
  readonly end?: boolean
}

/** The upstream carries the request out and answers; the answer is lost and the connection destroyed. */
export interface DropFault {
  readonly kind: 'drop'
  readonly reset?: boolean
}

/**
 * The upstream is asked for less: only for objects that this label selector matches too. Its answer is in order, and says nothing of what was
 * left out. For lists and watches of an API server.
 */
export interface NarrowFault {
  readonly kind: 'narrow'
  readonly labelSelector: string
}

export type Fault = FaultLimits &
  (
    | DelayFault
    | DripFault
    | CutFault
    | StatusFault
    | TruncateFault
    | CorruptFault
    | HalfOpenFault
    | RedirectFault
    | InjectFault
    | DropFault
    | NarrowFault
  )

export type FaultKind = Fault['kind']

/** True for faults after which nothing is left for a later rule to strike: the upstream is not asked, or not heard. */
export function isFinal(fault: Fault): boolean {
  switch (fault.kind) {
    case 'status':
    case 'redirect':
    case 'drop':
      return true
    case 'cut':
    case 'halfOpen':
      return fault.at === 'request'
    default:
      return false
  }
}
