import type { TallymanError } from '#catalogue/error.ts'
import { type BackoffPolicy, backoffDelay } from '#time/backoff.ts'
import { isVersionTooLarge } from './errors.ts'
import { OUTAGE_MS } from './reachability.ts'

/**
 * What a reflector does next, as a pure function of what it knows and of how its last attempt ended. The rules are
 * client-go's (tools/cache/reflector.go), listed with sources in operator-practice §4.1.
 */

/** client-go's constants, which kube-rs shares. */
export const BACKOFF: BackoffPolicy = { initial: 800, max: 30_000, factor: 2, jitter: 1 }
/** A watch that lived this long was healthy: the next pause starts small again. */
export const HEALTHY_MS = 120_000
/** A watch that ends sooner than this without one event is a failure, however politely it ended. */
export const SHORT_WATCH_MS = 1_000
/** Between watches that end soon after all, so that a server that closes each at once is not called in a loop. */
export const RESUME_PAUSE_MS = 100
/** Who is asked to wait for longer asks again all the same: a cluster that is not watched is a cluster of which nothing is known. */
export const LONGEST_WAIT_MS = 120_000
/** Failures in a row that may be the version's fault, after which everything is listed again. */
export const MAX_DOUBTS = 5

export type Attempt =
  /** One stream: the list as initial events, a bookmark, then the watch. */
  | { readonly kind: 'watch-list'; readonly resourceVersion: string }
  /** Pages of 500, after which `watch` follows. An empty version asks for the newest. */
  | { readonly kind: 'pages'; readonly resourceVersion: string }
  | { readonly kind: 'watch'; readonly resourceVersion: string }

export interface Knowledge {
  /** Of the last list or event that was applied; empty before the first. Opaque. */
  readonly resourceVersion: string
  /** The server said that it has no WatchList. */
  readonly pagesOnly: boolean
  /** Failures in a row: the exponent of the pause. */
  readonly failures: number
  /** The pauses since an attempt had an answer, ms: how long the server is away at least. */
  readonly awayMs: number
  /** Those of them, in a row and without an event in between, that may be the version's fault. */
  readonly doubts: number
}

export const NOTHING_KNOWN: Knowledge = {
  resourceVersion: '',
  pagesOnly: false,
  failures: 0,
  awayMs: 0,
  doubts: 0,
}

/** How an attempt ended. `resourceVersion` is what has been applied by then, empty if nothing ever was. */
export interface Outcome {
  readonly resourceVersion: string
  /** A complete list was committed during this attempt. */
  readonly listed: boolean
  /** Events after the list, bookmarks included. */
  readonly events: number
  readonly durationMs: number
  /** Absent: the pages are complete, or the server ended the stream without a word. */
  readonly error?: TallymanError | undefined
}

/** Why a watch is opened again: the label of tallyman_watch_restarts_total. */
export type RestartReason =
  | 'closed'
  | 'expired'
  | 'throttled'
  | 'server-error'
  | 'unreachable'
  | 'silent'
  | 'short'
  | 'denied'
  | 'unsupported'
  | 'broken'
  | 'not-found'

const DOUBTFUL: readonly RestartReason[] = ['server-error', 'broken', 'short', 'silent']

export interface Decision {
  readonly next: Attempt
  readonly knowledge: Knowledge
  readonly delayMs: number
  /** Absent where the next attempt is the normal continuation: pages, then their watch. */
  readonly reason?: RestartReason
}

export function firstAttempt(): Attempt {
  return { kind: 'watch-list', resourceVersion: '' }
}

/** The list that begins anew with what the cluster holds now. */
export function fromNothing(known: Knowledge): Attempt {
  return list(known, '')
}

export function decide(
  before: Knowledge,
  attempt: Attempt,
  outcome: Outcome,
  random: () => number = Math.random,
): Decision {
  const healthy = outcome.durationMs >= HEALTHY_MS
  const known: Knowledge = {
    ...before,
    resourceVersion: outcome.resourceVersion,
    failures: healthy ? 0 : before.failures,
    awayMs: healthy ? 0 : before.awayMs,
    doubts: healthy || outcome.events > 0 ? 0 : before.doubts,
  }
  const reason = reasonOf(attempt, outcome)
  const answered = { ...known, awayMs: 0 }
  if (reason === undefined) return { next: watchFrom(known), knowledge: answered, delayMs: 0 }
  if (reason === 'closed') {
    const delayMs = outcome.durationMs < SHORT_WATCH_MS ? RESUME_PAUSE_MS : 0
    return { next: watchFrom(known), knowledge: answered, delayMs, reason }
  }
  // A server that was away and answers again refuses much while it starts, one thing after another: the pauses begin anew.
  const isBack = reason !== 'unreachable' && known.awayMs >= OUTAGE_MS
  const failures = isBack ? 0 : known.failures
  const pause = backoffDelay(BACKOFF, failures, random)
  const delayMs = Math.max(pause, Math.min(outcome.error?.retryAfterMs ?? 0, LONGEST_WAIT_MS))
  const after: Knowledge = {
    ...known,
    failures: failures + 1,
    awayMs: reason === 'unreachable' ? known.awayMs + delayMs : 0,
    doubts: DOUBTFUL.includes(reason) ? known.doubts + 1 : known.doubts,
    pagesOnly: known.pagesOnly || reason === 'unsupported',
  }
  const next =
    attempt.kind === 'watch' || outcome.listed ? afterWatch(after, reason) : afterList(after, attempt, reason)
  // What is expired or unsupported is asked for in another way at once; only if that fails too, there is a pause.
  const atOnce = (reason === 'expired' || reason === 'unsupported') && known.failures === 0
  return { next, knowledge: after, delayMs: atOnce ? 0 : delayMs, reason }
}

function reasonOf(
  attempt: Attempt,
  { error, listed, events, durationMs }: Outcome,
): RestartReason | undefined {
  if (error === undefined) {
    if (attempt.kind === 'pages') return undefined
    // Before the bookmark that completes it, an end is no end.
    if (attempt.kind === 'watch-list' && !listed) return 'broken'
    return durationMs < SHORT_WATCH_MS && events === 0 && !listed ? 'short' : 'closed'
  }
  if (isVersionTooLarge(error)) return 'expired'
  switch (error.code) {
    case 'KUBE_EXPIRED':
      return 'expired'
    case 'KUBE_THROTTLED':
      return 'throttled'
    case 'KUBE_SERVER_ERROR':
      return 'server-error'
    case 'KUBE_UNREACHABLE':
    case 'KUBE_TIMEOUT':
      return 'unreachable'
    case 'KUBE_UNAUTHORIZED':
    case 'KUBE_FORBIDDEN':
      return 'denied'
    case 'KUBE_NOT_FOUND':
      return 'not-found'
    case 'KUBE_INVALID':
      return attempt.kind === 'watch-list' && !listed ? 'unsupported' : 'broken'
    case 'KUBE_WATCH_BROKEN':
      return error.details.silent === true ? 'silent' : 'broken'
    default:
      return 'broken'
  }
}

/** A watch failed. Its version stays good unless the server says otherwise, or keeps failing on it. */
function afterWatch(known: Knowledge, reason: RestartReason): Attempt {
  switch (reason) {
    case 'expired':
      // "Not older than the last version" keeps the list from going back in time.
      return list(known, known.resourceVersion)
    case 'not-found':
      return list(known, '')
    default:
      return known.doubts > MAX_DOUBTS ? list(known, '') : watchFrom(known)
  }
}

/** A list failed. */
function afterList(known: Knowledge, attempt: Attempt, reason: RestartReason): Attempt {
  switch (reason) {
    case 'expired':
      // The version that was asked for is unavailable, or a continue token ran out: take the newest.
      return { kind: attempt.kind === 'pages' ? 'pages' : listKind(known), resourceVersion: '' }
    case 'unsupported':
      return { kind: 'pages', resourceVersion: attempt.resourceVersion }
    case 'broken':
    case 'silent':
    case 'server-error':
      // Something between us may not carry long streams: the next list goes the other way.
      return {
        kind: attempt.kind === 'pages' ? listKind(known) : 'pages',
        resourceVersion: attempt.resourceVersion,
      }
    default:
      return attempt
  }
}

function watchFrom(known: Knowledge): Attempt {
  return known.resourceVersion === ''
    ? list(known, '')
    : { kind: 'watch', resourceVersion: known.resourceVersion }
}

function list(known: Knowledge, resourceVersion: string): Attempt {
  return { kind: listKind(known), resourceVersion }
}

function listKind(known: Knowledge): 'watch-list' | 'pages' {
  return known.pagesOnly ? 'pages' : 'watch-list'
}
