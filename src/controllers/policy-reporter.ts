import type { ControllerDeps } from '#controllers/deps.ts'
import { policyTransitions } from '#controllers/policy-transition.ts'
import { REGISTRY_POLICIES, type RegistryPolicyObject } from '#controllers/resources.ts'
import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { Announced } from '#runtime/announced.ts'
import { parseKey } from '#runtime/object-key.ts'
import type { MetricSubject } from '#runtime/object-metrics.ts'
import { OwnWrites } from '#runtime/own-writes.ts'

/** Writes the status of RegistryPolicies, records what changed as events, and measures. */
export class PolicyReporter {
  readonly #deps: ControllerDeps
  readonly #announced = new Announced<RegistryPolicyStatus>()
  readonly #own = new OwnWrites<RegistryPolicyObject>()

  constructor(deps: ControllerDeps) {
    this.#deps = deps
  }

  /** The policy as it is stored as far as we know: our last write may not have come back by the watch. */
  latest(policy: RegistryPolicyObject): RegistryPolicyObject {
    return this.#own.latest(policy)
  }

  /**
   * @param compute the new status from the one that is stored
   * @returns the object as it is stored then
   * @throws KUBE_CONFLICT when the spec was changed since `policy` was read; LEADERSHIP_LOST; KUBE_*
   */
  async write(
    policy: RegistryPolicyObject,
    compute: (status: RegistryPolicyStatus) => RegistryPolicyStatus,
    signal: AbortSignal,
  ): Promise<RegistryPolicyObject> {
    // The first look at an object is what was told of it before this process.
    this.#announced.before(policy)
    const update = (status: RegistryPolicyStatus | undefined) => compute(status ?? {})
    const written = await this.#deps.status.update(REGISTRY_POLICIES, policy, update, signal)
    if (written === undefined) return policy
    this.#own.add(policy, written)
    const status = written.status ?? {}
    this.measure(policy, status)
    this.#tell(policy, status)
    return written
  }

  /** Sets the gauges of a policy to what its status says. */
  measure(
    policy: RegistryPolicyObject,
    { conditions = [], plan, blocks = [], run, lostOutside }: RegistryPolicyStatus,
  ): void {
    const { objectMetrics } = this.#deps
    const subject = policySubject(policy)
    const labels = { namespace: subject.namespace, name: subject.name }
    objectMetrics.conditions(subject, conditions)
    if (plan !== undefined) {
      const actions = Object.entries({ keep: plan.keep, untag: plan.untag, evict: plan.evict })
      objectMetrics.set(
        subject,
        'tallyman_policy_tags',
        actions.map(([action, value]) => ({ labels: { ...labels, action }, value })),
      )
      objectMetrics.set(subject, 'tallyman_policy_reclaimable_bytes', [
        { labels, value: plan.reclaimableBytes },
      ])
      objectMetrics.set(subject, 'tallyman_policy_plan_timestamp_seconds', [
        { labels, value: Date.parse(plan.time) / 1000 },
      ])
      objectMetrics.set(subject, 'tallyman_policy_untagged_in_use', [
        { labels, value: plan.untaggedInUse ?? 0 },
      ])
    }
    if (lostOutside !== undefined)
      objectMetrics.set(subject, 'tallyman_policy_lost_outside_timestamp_seconds', [
        { labels, value: Date.parse(lostOutside.time) / 1000 },
      ])
    objectMetrics.set(
      subject,
      'tallyman_policy_blocks',
      [...new Set(blocks.map(({ code }) => code))].map((code) => ({ labels: { ...labels, code }, value: 1 })),
    )
    if (run === undefined) return
    const isOver = run.finishedAt !== undefined
    const left = isOver ? 0 : run.bindings - run.untagged + (run.digests ?? 0) - run.swept - run.spared
    objectMetrics.set(subject, 'tallyman_policy_run_left', [{ labels, value: Math.max(0, left) }])
    const stages = Object.entries({ untagged: run.untagged, swept: run.swept })
    objectMetrics.set(
      subject,
      'tallyman_policy_removed',
      stages.map(([stage, value]) => ({ labels: { ...labels, stage }, value })),
    )
  }

  suspended(policy: RegistryPolicyObject, isSuspended: boolean): void {
    this.#deps.objectMetrics.suspended(policySubject(policy), isSuspended)
  }

  /** The policy is gone. */
  forget(key: string): void {
    const { namespace = '', name } = parseKey(key)
    this.#announced.forget(key)
    this.#own.forget(key)
    this.#deps.objectMetrics.forget({ kind: REGISTRY_POLICIES.kind, namespace, name })
  }

  /** A term begins: another leader may have told more. */
  beginTerm(): void {
    this.#announced.forgetAll()
    this.#own.forgetAll()
  }

  #tell(policy: RegistryPolicyObject, status: RegistryPolicyStatus): void {
    const told = this.#announced.before(policy)
    this.#announced.set(policy, status)
    for (const { reason, note } of policyTransitions(told, status)) {
      this.#deps.events.record(policy, reason, note)
    }
  }
}

export function policySubject({ metadata }: RegistryPolicyObject): MetricSubject {
  return { kind: REGISTRY_POLICIES.kind, namespace: metadata.namespace ?? '', name: metadata.name }
}
