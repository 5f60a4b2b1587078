import { holdText, type StandingHold, standingHold, toldHold } from '#controllers/evicted-hold.ts'
import { KnownFailures } from '#controllers/known-failures.ts'
import { policySubject } from '#controllers/policy-reporter.ts'
import type { RegistryPolicyObject } from '#controllers/resources.ts'
import type { Hold } from '#retention/policy-record.ts'
import type { ObjectMetrics } from '#runtime/object-metrics.ts'
import type { ObjectStore } from '#runtime/object-store.ts'

/**
 * The policies of which nothing goes until a human has looked (S04): known at once, before it is recorded, and measured. What the status tells holds as well: a leader before
 * may have been kept from recording it.
 */
export class PolicyHolds {
  readonly #policies: Pick<ObjectStore<RegistryPolicyObject>, 'get'>
  readonly #metrics: Pick<ObjectMetrics, 'set'>
  readonly #holds = new Map<string, Hold>()
  /** What policies were held for in this term, and may be tried again. */
  readonly failures = new KnownFailures()

  constructor(policies: Pick<ObjectStore<RegistryPolicyObject>, 'get'>, metrics: Pick<ObjectMetrics, 'set'>) {
    this.#policies = policies
    this.#metrics = metrics
  }

  beginTerm(): void {
    this.#holds.clear()
    this.failures.clear()
  }

  forget(key: string): void {
    this.#holds.delete(key)
    this.failures.forget(key)
  }

  /** Of two holds the newer one counts: a human may have looked at the other. */
  add(key: string, hold: Hold): void {
    if ((this.#holds.get(key)?.since ?? 0) > hold.since) return
    this.#holds.set(key, hold)
    this.measure(key)
  }

  /** A human has looked at what it was for. */
  released(key: string): void {
    this.#holds.delete(key)
  }

  /** Why nothing of the policy goes; undefined: nothing is in the way. */
  because(key: string): string | undefined {
    const standing = this.standing(key)
    return standing === undefined ? undefined : holdText(standing)
  }

  /** The hold of the policy that nobody has ended; undefined: nothing is in the way. */
  standing(key: string): StandingHold | undefined {
    const policy = this.#policies.get(key)
    if (policy === undefined) return undefined
    const known = this.#holds.get(key)
    const told = toldHold(policy)
    const isNewer = told !== undefined && (known === undefined || told.since > known.since)
    return standingHold(isNewer ? told : known, policy)
  }

  /** A hold ends by what the policy says: each look at the policy measures anew. */
  measure(key: string): void {
    const policy = this.#policies.get(key)
    if (policy === undefined) return
    const subject = policySubject(policy)
    const labels = { namespace: subject.namespace, name: subject.name }
    const value = this.because(key) === undefined ? 0 : 1
    this.#metrics.set(subject, 'tallyman_policy_held', [{ labels, value }])
  }
}
