import type { AuditLine, Guard, Lane, RegistryClient } from '#registry/client.ts'
import type { Clock } from '#time/clock.ts'
import type { Candidate, Ended } from './eviction.ts'
import type { Journal } from './journal.ts'

/** What it takes to look at one repository, and to write what takes nothing away. */
export interface Access {
  readonly repository: string
  readonly pull: RegistryClient
  readonly push: RegistryClient
  /** The lease: asked, without any await between, before each request that writes and takes nothing away. @throws LEADERSHIP_LOST */
  readonly fence: () => void
  /** Ends the work between two requests. */
  readonly signal: AbortSignal
  /** Absent: behind whatever else is asked of the registry. */
  readonly lane?: Lane | undefined
}

/** What it takes to bring back what went. */
export interface Reach extends Access {
  readonly journal: Journal
  readonly clock: Clock
}

/** What it takes to delete there. */
export interface Hands extends Reach {
  /** With a credential of its own, so that nothing else holds the right to delete (S19). */
  readonly delete: RegistryClient
  /** Claim, lease and barrier: asked right before each destructive request. @throws what forbids it */
  readonly guard: Guard
  /** Whether it is still to go: asked after the guard, with what that has learned. */
  readonly stillDoomed: (candidate: Candidate) => boolean
  readonly audit: (line: AuditLine) => void
  /** Told of each thing when it has ended. */
  readonly ended: (ended: Ended) => void
  /** How far two listings lie apart that have to agree after a DELETE of which nobody knows what it did, in milliseconds. */
  readonly quietMs: number
  /** The longest that a DELETE may take here, in milliseconds: safely less than any proxy on the way lets it (S16). */
  readonly deleteLimitMs: number
}

/**
 * For what must not be left undone where the work is told to stop: nobody may come back for a long time. Each request, also of the journal, has its time limits all the same, and
 * none that writes is sent without the lease.
 */
export function unstoppable(hands: Hands): Hands {
  const { signal } = new AbortController()
  return { ...hands, signal, journal: hands.journal.withSignal(signal) }
}

/** For reads and for writes that take nothing away. */
export function calls({ signal, fence, lane = 'bulk' }: Access) {
  const read = { signal, lane }
  return { read, write: { ...read, beforeSend: fence } } as const
}
