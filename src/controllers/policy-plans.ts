import { asTallymanError, hasCode } from '#catalogue/error.ts'
import { PlansReadBack, plansOf } from '#controllers/plans-read-back.ts'
import type { PolicyReporter } from '#controllers/policy-reporter.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'
import type { WorkspaceTries } from '#controllers/workspace-tries.ts'
import { anybodyReads, referenceOf, visitWorkspace } from '#controllers/workspace-visit.ts'
import { type Workspace, workspaceOf } from '#controllers/workspaces.ts'
import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import type { Log } from '#kube/log.ts'
import { findKeptPlan, type KeptPlanEntry, keepPlan, lastKeptPlan } from '#report/kept-plans.ts'
import { readRemovals } from '#report/kept-removals.ts'
import type { PackedPlan } from '#report/packed-plan.ts'
import { type KeptRemoval, removalsOf } from '#report/plan-removals.ts'
import { redactedPlan } from '#report/redacted-plan.ts'
import { rfc3339Seconds } from '#runtime/conditions.ts'
import type { Fence } from '#runtime/fence.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import type { Clock } from '#time/clock.ts'

export type PlanReportStatus = NonNullable<NonNullable<RegistryPolicyStatus['plan']>['report']>

/** As registry-policy-plan.ts bounds it. */
const MAX_MESSAGE = 1024

/** What goes by a plan that was made before. */
export interface KeptPlan {
  readonly digest: string
  /** When the registry was read for it, ms since the epoch. */
  readonly readAt: number
  /** Sorted by repository and tag. */
  readonly removals: readonly KeptRemoval[]
}

/** What this process can tell of a policy to whoever asks for its plan. */
export interface ReportedPolicy {
  readonly status: RegistryPolicyStatus | undefined
  /** The last plan that this process has made. */
  readonly plan: PackedPlan | undefined
}

export interface PolicyPlansParts {
  readonly access: RegistryAccess
  readonly policies: ObjectStore<RegistryPolicyObject>
  readonly registries: ObjectStore<RegistryObject>
  readonly reporter: Pick<PolicyReporter, 'latest'>
  readonly tries: WorkspaceTries
  readonly fence: Fence
  readonly clock: Clock
  readonly log: Log
}

/** The last plan of each policy: whole in the process that made it, and in the workspace of its registry where that names one, the last ten of them. */
export class PolicyPlans {
  readonly #parts: PolicyPlansParts
  /** By policy. */
  readonly #plans = new Map<string, PackedPlan>()
  readonly #readBack: PlansReadBack
  /** What this process kept last in the workspace, by policy. */
  readonly #kept = new Map<string, KeptPlanEntry>()

  constructor(parts: PolicyPlansParts) {
    this.#parts = parts
    this.#readBack = new PlansReadBack(parts)
  }

  /** Another leader may have kept more. */
  beginTerm(): void {
    this.#kept.clear()
  }

  /** The policy is gone. */
  forget(key: string): void {
    this.#plans.delete(key)
    this.#kept.delete(key)
    this.#readBack.forget(key)
  }

  /** undefined: there is no such policy. Any text may be asked for. */
  packed(namespace: string, name: string): ReportedPolicy | undefined {
    const key = `${namespace}/${name}`
    const shown = this.#parts.policies.get(key)
    if (shown === undefined) return undefined
    return { status: this.#parts.reporter.latest(shown).status, plan: this.#plans.get(key) }
  }

  /**
   * The plan that the status speaks of, as the workspace holds it, for who asks a process that has not made it.
   * @returns undefined: none such is kept, or it cannot be read, which is logged
   */
  async readBack(namespace: string, name: string): Promise<PackedPlan | undefined> {
    const { policies, reporter } = this.#parts
    const shown = policies.get(`${namespace}/${name}`)
    return shown === undefined ? undefined : await this.#readBack.plan(reporter.latest(shown))
  }

  /**
   * Whatever keeps it from being kept in the workspace is part of the result: the plan stands all the same.
   * @returns what the status says of it; undefined: the Registry names no workspace
   * @throws CANCELLED, LEADERSHIP_LOST
   */
  async keep(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    plan: PackedPlan,
    signal: AbortSignal,
  ): Promise<PlanReportStatus | undefined> {
    this.#plans.set(keyOf(policy), plan)
    this.#readBack.forget(keyOf(policy))
    const { registries, tries, clock } = this.#parts
    try {
      const workspace = workspaceOf(registry, registries)
      if (workspace === undefined) return undefined
      const report = await visitWorkspace(clock, signal, (limit) =>
        this.#keep(policy, workspace, plan, limit),
      )
      tries.set(registry, undefined)
      return report
    } catch (thrown) {
      signal.throwIfAborted()
      const error = asTallymanError(thrown)
      if (error.code === 'LEADERSHIP_LOST') throw error
      tries.set(registry, `The plan of RegistryPolicy ${policy.metadata.name} is not kept: ${error.advice}`)
      const message = `The plan is not kept: ${error.advice}`.slice(0, MAX_MESSAGE)
      return { time: rfc3339Seconds(clock.now()), message }
    }
  }

  /**
   * What goes by the plan with this digest: the last one of this process, or one of those in the workspace.
   * @returns undefined: none such is kept
   * @throws SPEC_INVALID, REFERENCE_NOT_FOUND, SECRET_*, REGISTRY_*, TIMED_OUT: it is not known whether one is; CANCELLED
   */
  async find(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    digest: string,
    signal: AbortSignal,
  ): Promise<KeptPlan | undefined> {
    const plan = this.#plans.get(keyOf(policy))
    if (plan?.head.digest === digest && plan.head.policy.uid === policy.metadata.uid) {
      return { digest, readAt: Date.parse(plan.head.readAt), removals: await removalsOf(plan) }
    }
    const { registries, clock, log } = this.#parts
    const workspace = workspaceOf(registry, registries)
    if (workspace === undefined) return undefined
    try {
      return await visitWorkspace(clock, signal, (limit) => this.#read(policy, workspace, digest, limit))
    } catch (error) {
      if (!hasCode(error, 'REPORT_INVALID', 'REGISTRY_ABSENT')) throw error
      const fields = { policy: keyOf(policy), digest, code: error.code, reason: error.message }
      log.warn(fields, 'plan not read back from the workspace')
      return undefined
    }
  }

  async #keep(
    policy: RegistryPolicyObject,
    workspace: Workspace,
    plan: PackedPlan,
    signal: AbortSignal,
  ): Promise<PlanReportStatus> {
    const { access, fence, clock } = this.#parts
    const { client, url } = await access.open(workspace.registry, signal, 'push')
    const repository = plansOf(policy, workspace)
    const read = { signal, lane: 'bulk' } as const
    const write = { ...read, beforeSend: () => fence.assertLeader() }
    const key = keyOf(policy)
    let known = this.#kept.get(key) ?? (await lastKeptPlan(client, repository, read))
    // Whether anybody may read it shows only once something is there.
    known ??= await keepPlan(client, repository, await redactedPlan(plan), 1, write)
    const isPublic = await anybodyReads(access, workspace.registry, repository, signal)
    const shown = isPublic ? await redactedPlan(plan) : plan
    const isNew = known.content !== shown.content || known.policy !== policy.metadata.uid
    const kept = isNew ? await keepPlan(client, repository, shown, known.sequence + 1, write) : known
    this.#kept.set(key, kept)
    const reference = referenceOf(url, repository, kept.digest)
    const before = policy.status?.plan?.report
    const time = !isNew && before?.reference === reference ? before.time : rfc3339Seconds(clock.now())
    return { reference, time, ...(isPublic ? { redacted: true } : {}) }
  }

  async #read(
    policy: RegistryPolicyObject,
    workspace: Workspace,
    digest: string,
    signal: AbortSignal,
  ): Promise<KeptPlan | undefined> {
    const { client } = await this.#parts.access.open(workspace.registry, signal, 'pull')
    const repository = plansOf(policy, workspace)
    const call = { signal, lane: 'bulk' } as const
    const wanted = { plan: digest, policy: policy.metadata.uid ?? '' }
    const entry = await findKeptPlan(client, repository, wanted, call)
    if (entry === undefined) return undefined
    return { digest, readAt: entry.readAt, removals: await readRemovals(client, repository, entry, call) }
  }
}
