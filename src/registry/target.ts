import type { ErrorCode } from '#catalogue/error-codes.ts'

/** What is needed to speak to one registry. Two targets that are equal in all but `limits` share one client. */
export interface RegistryTarget {
  /** `https://host[:port][/prefix]`. A path is a prefix of every repository. */
  readonly url: string
  readonly credential?: Credential | undefined
  /** PEM certificates that are trusted besides those of the system. */
  readonly caPem?: string | undefined
  readonly proxy?: ProxySettings | undefined
  /** Origins of token servers that credentials may be sent to although they are on a private address or without TLS. */
  readonly trustedRealms?: readonly string[] | undefined
  readonly limits: RegistryLimits
  /** How long the registry may take to answer one small request, in milliseconds. Default: `Timeouts.answerMs`. */
  readonly timeoutMs?: number | undefined
}

export interface ProxySettings {
  /** `http://[user:password@]host:port` */
  readonly url: string
  /** Hosts, `.domains`, `host:port`, CIDR blocks or `*` that are reached directly. */
  readonly noProxy?: readonly string[] | undefined
}

export interface RegistryLimits {
  /** Requests under way at once on one origin, over all clients of a pool. */
  readonly concurrency: number
  readonly requestsPerSecond?: number | undefined
}

export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'identityToken'; readonly token: string; readonly username?: string }
  | { readonly kind: 'registryToken'; readonly token: string }

/** Who goes first when requests wait for the same registry. */
export const LANES = ['interactive', 'check', 'bulk'] as const
export type Lane = (typeof LANES)[number]

export interface CallOptions {
  /** Ends the call, its waits and its request. The call then fails with the signal's TallymanError, or CANCELLED. */
  readonly signal?: AbortSignal | undefined
  /** Default: `check`. */
  readonly lane?: Lane | undefined
  /**
   * Called right before each request of the call is handed to a connection, in the same turn of the event loop; what it throws keeps the
   * request from being sent. For fences: a write may wait long for its turn, and between asking and sending there must be no await (S16).
   */
  readonly beforeSend?: (() => void) | undefined
}

/** Told about every HTTP exchange, redirects and token requests included. Must not throw. */
export interface RequestObserver {
  finished(request: {
    host: string
    method: string
    /** The HTTP status, or why there was none. */
    status: number | ErrorCode
    /** From sending to the complete answer; for a streamed blob to its last byte. */
    durationMs: number
  }): void
}

/** The part of a logger that this room uses; pino satisfies it. */
export interface RegistryLog {
  debug(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Time limits in milliseconds. */
export interface Timeouts {
  /** From the request to a connection. */
  readonly connectMs: number
  /** From the request to the complete answer, where the answer is small: manifests, configs, tokens, HEAD. */
  readonly answerMs: number
  /** Bodies of any size have no limit as a whole; they must move at least `progressBytes` in each window. */
  readonly progressWindowMs: number
  readonly progressBytes: number
  /** From the last byte of an upload to the answer: object storage assembles and hashes the blob in that time. */
  readonly commitMs: number
  /** The longest that 429 and 503 may keep one call waiting. */
  readonly throttleMs: number
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 10_000,
  answerMs: 60_000,
  progressWindowMs: 60_000,
  progressBytes: 64 * 1024,
  commitMs: 300_000,
  throttleMs: 300_000,
}
