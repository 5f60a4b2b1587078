import type { KubeObject } from '#kube/objects.ts'
import { apiVersion, LEASES, type ObjectKey } from '#kube/resource.ts'

export interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec
}

/** `2026-01-31T12:00:00.123000Z`: Kubernetes' metav1.MicroTime demands six digits. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/Z$/, '000Z')
}

export function newLease(key: ObjectKey, spec: LeaseSpec): Lease {
  const { name, namespace } = key
  const metadata = namespace === undefined ? { name } : { name, namespace }
  return { apiVersion: apiVersion(LEASES), kind: LEASES.kind, metadata, spec }
}

/** The Lease as `identity` takes it: each term is a transition, also one that follows our own, so its number names the term. */
export function taken(lease: Lease, identity: string, durationMs: number, wallMs: number): Lease {
  const spec: LeaseSpec = {
    ...renewed(lease, durationMs, wallMs).spec,
    holderIdentity: identity,
    acquireTime: microTime(wallMs),
    leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1,
  }
  return { ...lease, spec }
}

export function renewed(lease: Lease, durationMs: number, wallMs: number): Lease {
  const spec: LeaseSpec = {
    ...lease.spec,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    renewTime: microTime(wallMs),
  }
  return { ...lease, spec }
}

/** Free for everyone at once. */
export function released(lease: Lease, wallMs: number): Lease {
  return { ...lease, spec: { ...renewed(lease, 1000, wallMs).spec, holderIdentity: '' } }
}

/**
 * Judges whether the holder of a lease is gone: only by how long *we* saw no change, never by the times written in the
 * record, which come from another machine's clock.
 */
export class LeaseObservation {
  #record = ''
  #changedAt = 0

  /** @param receivedAt monotonic milliseconds when the answer was there: the latest moment at which this can have been written */
  see(lease: Lease, receivedAt: number): void {
    const record = JSON.stringify([lease.metadata.uid, lease.spec])
    if (record === this.#record) return
    this.#record = record
    this.#changedAt = receivedAt
  }

  /**
   * @param askedAt monotonic milliseconds when the last look was sent: an answer that lay around while we were frozen
   * says nothing about now
   */
  expired(lease: Lease, durationMs: number, askedAt: number): boolean {
    const theirs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000
    return askedAt - this.#changedAt >= Math.max(durationMs, theirs)
  }
}
