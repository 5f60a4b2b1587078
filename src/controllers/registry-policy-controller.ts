import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { ConditionReason } from '#catalogue/reasons.ts'
import type { Inventories } from '#clusters/inventories.ts'
import type { ControllerDeps } from '#controllers/deps.ts'
import { pauseUntil } from '#controllers/pause.ts'
import { policyConflicts } from '#controllers/policy-conflict.ts'
import { isNewPolicy, nextPlanAt, planDueAt, scheduledPlanAt } from '#controllers/policy-due.ts'
import type { PolicyPass } from '#controllers/policy-pass.ts'
import type { PolicyPast } from '#controllers/policy-past.ts'
import type { PolicyReporter } from '#controllers/policy-reporter.ts'
import { retentionProblem, type UnderstoodPolicy, understand } from '#controllers/policy-spec.ts'
import {
  NOT_PLANNED,
  type PlanVerdict,
  planningStatus,
  retryingPolicy,
  stalledPolicy,
  statusWithPlanVerdict,
  withNextPlan,
} from '#controllers/policy-status.ts'
import type { PolicyWork } from '#controllers/policy-work.ts'
import { keptOutReason, probeReason } from '#controllers/probe-reasons.ts'
import {
  type ImageInventoryObject,
  type RegistryObject,
  type RegistryPolicyObject,
  writtenIn,
} from '#controllers/resources.ts'
import type { Schedule } from '#controllers/schedule.ts'
import { WorkTurns } from '#controllers/work-turns.ts'
import { getCondition } from '#runtime/conditions.ts'
import type { ReconcileContext } from '#runtime/controller.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { requestedAt } from '#runtime/predicates.ts'
import { DONE, type Result } from '#runtime/result.ts'
import type { BackoffPolicy } from '#time/backoff.ts'

export const POLICY_BACKOFF: BackoffPolicy = { initial: 750, max: 5 * 60_000, factor: 2, jitter: 0.2 }
/** How soon a plan that could not be made for want of an inventory is tried again when nothing wakes it earlier. */
const NOT_SYNCED_RETRY_MS = 10_000
/** Plans that are made, and runs that go on, side by side: they hold what a registry has in memory. */
const WORKED_ON_AT_ONCE = 2
/** How soon a policy asks again whether it is its turn. */
const TURN_MS = 15_000
/** What the policy has evicted could not be read. */
const WATCH_RETRY_MS = 60_000

export interface RegistryPolicyStores {
  readonly policies: ObjectStore<RegistryPolicyObject>
  readonly registries: ObjectStore<RegistryObject>
  readonly inventories: ObjectStore<ImageInventoryObject>
}

export interface RegistryPolicyParts {
  readonly deps: ControllerDeps
  readonly reporter: PolicyReporter
  readonly stores: RegistryPolicyStores
  readonly live: Pick<Inventories, 'all' | 'get'>
  readonly work: PolicyWork
  readonly past: Pick<PolicyPast, 'watch'>
}

/** Makes the plans of a RegistryPolicy when they are due, carries out what may be, and keeps its status. */
export class RegistryPolicyController {
  readonly #parts: RegistryPolicyParts
  readonly #turns: WorkTurns

  constructor(parts: RegistryPolicyParts) {
    this.#parts = parts
    this.#turns = new WorkTurns(WORKED_ON_AT_ONCE, parts.deps.clock)
  }

  /** What another leader has done and told since our last term is not remembered here. */
  readonly beginTerm = (): void => {
    this.#parts.reporter.beginTerm()
    this.#parts.work.beginTerm()
  }

  readonly reconcile = async (key: string, context: ReconcileContext): Promise<Result> => {
    const { stores, reporter, work, deps } = this.#parts
    const shown = stores.policies.get(key)
    if (shown === undefined || shown.metadata.deletionTimestamp !== undefined) {
      work.forget(key)
      reporter.forget(key)
      return DONE
    }
    const pass = this.#pass(reporter.latest(shown), context)
    const { stamp } = pass
    const { namespace = '' } = shown.metadata
    let understood: UnderstoodPolicy
    try {
      understood = understand(pass.policy)
    } catch (thrown) {
      return await this.#stalled(pass, 'SpecInvalid', asTallymanError(thrown))
    }
    const { spec, schedule } = understood
    reporter.suspended(pass.policy, spec.suspend)
    const registry = stores.registries.get(`${namespace}/${spec.registryRef.name}`)
    if (spec.suspend) {
      if (pass.policy.status?.nextPlanTime !== undefined)
        await pass.write((status) => withNextPlan(status, Number.POSITIVE_INFINITY))
      if (registry === undefined) return DONE
      const askAgainAt = await work.resumesAt(pass, { ...understood, registry })
      return { requeueAfterMs: pauseUntil(askAgainAt, stamp.now) }
    }
    if (registry === undefined) {
      const message = `spec.registryRef: there is no Registry ${namespace}/${spec.registryRef.name}`
      return await this.#missing(pass, 'RegistryNotFound', message)
    }
    const inventory = `${namespace}/${spec.inventoryRef.name}`
    if (stores.inventories.get(inventory) === undefined) {
      const message = `spec.inventoryRef: there is no ImageInventory ${inventory}`
      return await this.#missing(pass, 'InventoryNotFound', message)
    }
    const refusal = this.#refusal(key, understood, registry)
    if (refusal !== undefined) return await this.#stalled(pass, refusal.reason, refusal.error)

    const missing = stores.inventories.list().filter(({ metadata }) => {
      const live = this.#parts.live.get(`${metadata.namespace ?? ''}/${metadata.name}`)
      return live === undefined
    })
    if (missing.length > 0) {
      const names = missing.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`).join(', ')
      await this.#unknown(
        pass,
        'InventoryNotSynced',
        `Which images are in use is not known: ${names} is not set up yet`,
      )
      await this.#parts.past.watch(pass)
      return { requeueAfterMs: NOT_SYNCED_RETRY_MS }
    }

    try {
      await this.#begin(pass)
      const resumesAt = await work.resumesAt(pass, { ...understood, registry })
      const startAt = Math.min(planDueAt(pass.policy, schedule, stamp.now), resumesAt)
      if (stamp.now < startAt) {
        await this.#tellNext(pass, schedule)
        return { requeueAfterMs: pauseUntil(startAt, stamp.now) }
      }
      // A run takes hours. Meanwhile what others have evicted is watched, and settled, all the same (S04, S17).
      const end = this.#turns.take(key)
      if (end === undefined) return { requeueAfterMs: TURN_MS }
      const next = await work.run(pass, { ...understood, registry }, () => this.#accept(pass)).finally(end)
      const plannedAt = Date.parse(pass.policy.status?.plan?.time ?? '') || stamp.now
      const at = Math.min(nextPlanAt(pass.policy, plannedAt, schedule, deps.clock.now()), next)
      return { requeueAfterMs: pauseUntil(at, deps.clock.now()) }
    } catch (thrown) {
      return await this.#failed(pass, registry, thrown)
    }
  }

  #pass(policy: RegistryPolicyObject, { signal, shield }: ReconcileContext): PolicyPass {
    const { reporter, deps } = this.#parts
    const requested = requestedAt(policy)
    const pass: PolicyPass = {
      policy,
      signal,
      shield,
      stamp: { generation: policy.metadata.generation ?? 0, now: deps.clock.now() },
      write: async (compute) => {
        pass.policy = await reporter.write(pass.policy, compute, signal)
      },
      answer: (compute) =>
        pass.write((status) =>
          requested === undefined
            ? compute(status)
            : { ...compute(status), lastHandledReconcileAt: requested },
        ),
    }
    return pass
  }

  /** What only a change of the spec mends. */
  #refusal(
    key: string,
    { rules }: UnderstoodPolicy,
    registry: RegistryObject,
  ): { readonly reason: ConditionReason; readonly error: TallymanError } | undefined {
    const { stores, live } = this.#parts
    const conflict = policyConflicts(stores.policies.list(), stores.registries).get(key)
    if (conflict !== undefined) {
      return { reason: 'PolicyConflict', error: new TallymanError('POLICY_CONFLICT', conflict) }
    }
    const retained = live.all().map(({ key: name, live: each }) => ({
      name,
      retainMs: each.inventory.policy.retainMs,
    }))
    const problem = retentionProblem(rules, retained)
    if (problem !== undefined) return { reason: 'RetainsTooLittle', error: problem }
    if (writtenIn(registry, 'pullThrough') !== true) return undefined
    const message = `spec.registryRef: Registry ${registry.metadata.name} is a pull-through cache (spec.pullThrough), which keeps what it likes: name another one`
    return { reason: 'PullThrough', error: new TallymanError('SPEC_INVALID', message) }
  }

  /** A spec that nothing was said about yet is Progressing while the registry is asked: that may take long. */
  async #begin(pass: PolicyPass): Promise<void> {
    const ready = getCondition(pass.policy.status?.conditions ?? [], 'Ready')
    if (ready?.observedGeneration === pass.stamp.generation) return
    await pass.write((status) => planningStatus(status, pass.stamp))
  }

  /** The spec is accepted before its first plan is made, so that a long scan does not hold up a GitOps sync (S25). */
  async #accept(pass: PolicyPass): Promise<void> {
    const ready = getCondition(pass.policy.status?.conditions ?? [], 'Ready')
    if (!isNewPolicy(pass.policy) && ready?.status === 'True') return
    await pass.write((status) => statusWithPlanVerdict(status, NOT_PLANNED, pass.stamp))
  }

  /** Nothing is due: what is told of the next plan stands, unless another version or another clock has told it. */
  async #tellNext(pass: PolicyPass, schedule: Schedule): Promise<void> {
    const plannedAt = Date.parse(pass.policy.status?.plan?.time ?? '')
    await pass.write((status) => withNextPlan(status, scheduledPlanAt(pass.policy, plannedAt, schedule)))
  }

  async #failed(pass: PolicyPass, registry: RegistryObject, thrown: unknown): Promise<Result> {
    const error = asTallymanError(thrown)
    if (pass.signal.aborted) throw error
    if (error.code === 'BARRIER_NOT_REACHED') {
      await this.#unknown(
        pass,
        'InventoryNotSynced',
        `Which images are in use is not known completely: ${error.message}`,
      )
      return { requeueAfterMs: NOT_SYNCED_RETRY_MS }
    }
    const aboutRegistry = probeReason(error.code) !== undefined || error.code.startsWith('REGISTRY_')
    if (!aboutRegistry && error.code !== 'SPEC_INVALID' && error.code !== 'REFERENCE_NOT_FOUND') throw error
    const message = `Registry ${registry.metadata.name}: ${error.advice}`
    await this.#unknown(pass, keptOutReason(error.code) ?? 'RegistryUnreachable', message)
    // Also what the code calls final is tried again: the registry may be mended without a change of this spec.
    const code = error.entry.retry === 'never' ? 'REGISTRY_UNREACHABLE' : error.code
    throw new TallymanError(code, message, { cause: error })
  }

  async #stalled(pass: PolicyPass, reason: ConditionReason, error: TallymanError): Promise<Result> {
    await pass.answer((status) => stalledPolicy(status, reason, error, pass.stamp))
    const isWatched = await this.#parts.past.watch(pass)
    if (reason === 'SpecInvalid' && isWatched) throw error
    // What it conflicts with, or refers to, may change without it.
    return { requeueAfterMs: isWatched ? POLICY_BACKOFF.max : WATCH_RETRY_MS }
  }

  async #missing(
    pass: PolicyPass,
    reason: 'RegistryNotFound' | 'InventoryNotFound',
    message: string,
  ): Promise<Result> {
    const error = new TallymanError('REFERENCE_NOT_FOUND', message)
    await pass.answer((status) => retryingPolicy(status, reason, error, pass.stamp))
    await this.#parts.past.watch(pass)
    throw error
  }

  async #unknown(pass: PolicyPass, reason: ConditionReason, message: string): Promise<void> {
    const verdict: PlanVerdict = { status: 'Unknown', reason, message }
    await pass.answer((status) => statusWithPlanVerdict(status, verdict, pass.stamp))
  }
}
