import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { Inventories } from '#clusters/inventories.ts'
import { BlockedPlans } from '#controllers/blocked-plans.ts'
import type { RestorationStatus } from '#controllers/evicted-news.ts'
import { watchBlocks } from '#controllers/evicted-room.ts'
import type { PolicyAnchors } from '#controllers/policy-anchors.ts'
import { isNewPolicy } from '#controllers/policy-due.ts'
import { PolicyExecution } from '#controllers/policy-execution.ts'
import { planFigures } from '#controllers/policy-figures.ts'
import { plannedInventories } from '#controllers/policy-inventories.ts'
import type { PolicyMemories, PolicyMemory } from '#controllers/policy-memory.ts'
import type { PolicyPass } from '#controllers/policy-pass.ts'
import { type Planning, planPolicy } from '#controllers/policy-planner.ts'
import type { KeptPlan, PolicyPlans } from '#controllers/policy-plans.ts'
import type { PolicyRecords } from '#controllers/policy-records.ts'
import { stayingTags } from '#controllers/policy-restore.ts'
import { lostRecord } from '#controllers/policy-run.ts'
import type { PolicyRuns } from '#controllers/policy-runs.ts'
import type { UnderstoodPolicy } from '#controllers/policy-spec.ts'
import { statusAfterPlan } from '#controllers/policy-status.ts'
import { type PolicyUndo, registryOf, withRestorations } from '#controllers/policy-undo.ts'
import { planVerdict } from '#controllers/policy-verdict.ts'
import { windowAt } from '#controllers/policy-window.ts'
import type { OpenRegistry, RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryClaims } from '#controllers/registry-claims.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
import { workspaceOf, workspacesIn } from '#controllers/workspaces.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { type EvictionHistory, joined } from '#evict/evicted.ts'
import { registryNames } from '#inventory/registry-names.ts'
import type { Log } from '#kube/log.ts'
import { packPlan } from '#report/packed-plan.ts'
import { policyPlanDocument } from '#report/policy-plan-document.ts'
import type { Block } from '#retention/blocks.ts'
import type { PolicyRecord } from '#retention/policy-record.ts'
import { unmatchedRules } from '#retention/unmatched-rules.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { pendingRequest } from '#runtime/predicates.ts'
import type { Clock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'

export interface PolicyWorkParts {
  readonly access: RegistryAccess
  readonly registries: ObjectStore<RegistryObject>
  readonly live: Pick<Inventories, 'all'>
  readonly claims: Pick<RegistryClaims, 'claimsOf' | 'hold'>
  readonly memories: PolicyMemories
  readonly records: PolicyRecords
  readonly plans: PolicyPlans
  readonly runs: PolicyRuns
  readonly anchors: PolicyAnchors
  readonly undo: PolicyUndo
  readonly clock: Clock
  readonly log: Log
  /** Of this program. */
  readonly version: string
}

/** What a policy works with. */
export interface PolicyContext extends UnderstoodPolicy {
  readonly registry: RegistryObject
}

/** The work of one policy that is due: bring back what is asked for, plan, tell, and carry out what may be. */
export class PolicyWork {
  readonly #parts: PolicyWorkParts
  readonly #execution: PolicyExecution
  readonly #blocked = new BlockedPlans()

  constructor(parts: PolicyWorkParts) {
    this.#parts = parts
    this.#execution = new PolicyExecution(parts)
  }

  /** Another leader may have done more. */
  beginTerm(): void {
    this.#blocked.beginTerm()
    this.#parts.memories.beginTerm()
    this.#parts.plans.beginTerm()
  }

  /** The policy is gone: what it has deleted or kept stays as it is (S21). */
  forget(key: string): void {
    this.#blocked.forget(key)
    this.#parts.memories.forget(key)
    this.#parts.plans.forget(key)
    this.#parts.undo.forget(key)
  }

  /**
   * From here on what the policy has evicted is watched, however far off its next plan is, and also while it is suspended (S04).
   * @returns when an open run goes on, what stood against a plan is looked at again, or the workspace asked that did not tell, ms since the epoch; Infinity: none of them
   * @throws CANCELLED, LEADERSHIP_LOST and what keeps the registry from being opened
   */
  async resumesAt(pass: PolicyPass, { registry, spec }: PolicyContext): Promise<number> {
    const { undo, runs, clock } = this.#parts
    const { policy } = pass
    if (spec.mode === 'DryRun' && policy.status?.run === undefined) return Number.POSITIVE_INFINITY
    const { record, problem } = await this.#watched(pass, registry)
    if (problem !== undefined) return clock.now() + RECORD_RETRY_MS
    await runs.settle(pass, registry, undo.unsettled(policy))
    if (spec.suspend) return await this.#restoreSuspended(pass, { registry, spec }, record)
    const isBlocked = spec.mode !== 'DryRun' && policy.status?.blocks?.some(({ approvable }) => !approvable)
    const { run } = record
    const runAt = run === undefined ? Number.POSITIVE_INFINITY : (run.resumesAt ?? 0)
    return Math.min(this.#blocked.dueAt(keyOf(policy), isBlocked ?? false), runAt)
  }

  /** Who suspends for that something is missing wants it back before the policy goes on. @returns when it is tried again, ms since the epoch; Infinity: it need not be */
  async #restoreSuspended(
    pass: PolicyPass,
    context: Pick<PolicyContext, 'registry' | 'spec'>,
    record: PolicyRecord,
  ): Promise<number> {
    if ((context.spec.restore ?? []).length === 0) return Number.POSITIVE_INFINITY
    const { told, problem } = await this.#recall(pass, context, { record, recordProblem: undefined })
    if (told.length > 0) await pass.write((status) => withRestorations(status, told))
    const isBack = problem === undefined && told.every(({ outcome }) => outcome !== 'Failed')
    return isBack ? Number.POSITIVE_INFINITY : this.#parts.clock.now() + RECORD_RETRY_MS
  }

  /**
   * What the policy has evicted is watched also while nothing else is done for it, as where its spec is not understood (S04).
   * @returns false: what it has evicted is not known, and is to be asked for again
   * @throws CANCELLED, LEADERSHIP_LOST
   */
  async watch(pass: PolicyPass): Promise<boolean> {
    const { policy, signal } = pass
    const registry = registryOf(policy, this.#parts.registries)
    if (registry === undefined || policy.status?.run === undefined) return true
    try {
      return (await this.#watched(pass, registry)).problem === undefined
    } catch (thrown) {
      signal.throwIfAborted()
      const { code, advice } = asTallymanError(thrown)
      if (code === 'LEADERSHIP_LOST' || code === 'INTERNAL') throw thrown
      this.#parts.log.warn({ policy: keyOf(policy), code, reason: advice }, 'what was evicted is not watched')
      return false
    }
  }

  async #watched(
    { policy, signal }: PolicyPass,
    registry: RegistryObject,
  ): Promise<{ readonly record: PolicyRecord; readonly problem: TallymanError | undefined }> {
    const { access, memories, undo } = this.#parts
    const { url } = await access.open(registry, signal)
    const { record, recordProblem } = await memories.load(policy, registry, url, signal)
    return { record, problem: recordProblem ?? (await undo.watchFrom(policy, registry, record, signal)) }
  }

  /**
   * @param onAnswer is called when the registry has answered, and waited for
   * @returns when a run goes on, or what stands against the plan is looked at again, ms since the epoch; Infinity: neither
   * @throws BARRIER_NOT_REACHED, KUBE_*; SPEC_INVALID (of the Registry), REFERENCE_NOT_FOUND, SECRET_*, REGISTRY_*; LEADERSHIP_LOST, CANCELLED
   */
  async run(pass: PolicyPass, context: PolicyContext, onAnswer: () => Promise<void>): Promise<number> {
    const { access, memories, records, undo, anchors, clock } = this.#parts
    const { registry, spec, schedule } = context
    const requestedBy = pass.policy
    const opened = await access.open(registry, pass.signal)
    await onAnswer()
    const memory = await memories.load(pass.policy, registry, opened.url, pass.signal)
    let { record } = memory
    const recalled = await this.#recall(pass, context, memory)
    const { history, told, problem } = recalled
    const names = registryNames(specOf(RegistrySpec, registry), registry.metadata.namespace ?? '')
    const before = problem === undefined ? await this.#planBefore(pass, registry) : undefined
    const went = before === undefined ? undefined : wentBy(before, history)
    // What other installations use counts in the plan already.
    const claimBlocks = await this.#claimBlocks(pass, context)
    const begunAt = clock.monotonic()
    const planning = await this.#plan(pass, context, opened, memory, {
      went,
      restored: (facts) =>
        stayingTags({
          ...{ entries: spec.restore ?? [], history, facts },
          remembered: record.restored,
          now: clock.now(),
        }),
    })
    const tookMs = clock.monotonic() - begunAt
    record = await this.#remember(pass, registry, opened.url, memory, planning)
    const blocks = [
      ...planning.blocks,
      ...this.#ownBlocks(pass, registry, record, problem),
      ...(await watchBlocks({
        spec,
        planning,
        approvals: record.approvals,
        known: undo.known,
        now: clock.now(),
      })),
      ...claimBlocks,
    ]
    record = await undo.released(pass.policy, record, (compute) =>
      records.change(pass.policy, registry, opened.url, compute, pass.signal),
    )
    const held = undo.heldBecause(keyOf(pass.policy))
    await this.#tell(pass, context, {
      ...{ planning, blocks, held, before },
      ...{ open: record.run, url: opened.url },
      history: problem === undefined ? history : undefined,
    })
    if (told.length > 0) await pass.write((status) => withRestorations(status, told))
    await anchors.keep(registry, spec, planning.untaggedInUse, pass.signal)
    const next = await this.#execution.follow({
      ...{ pass, spec, registry, names, record, planning, blocks, held },
      isAsked: pendingRequest(requestedBy) !== undefined || isNewPolicy(requestedBy),
      ...{ url: opened.url, product: opened.product },
      windowAt: (time) =>
        windowAt({
          ...{ schedule, isCron: spec.schedule !== undefined, now: time },
          maxDurationMs: parseDuration(spec.maxDuration) ?? 0,
          // Who asks for it now does not ask for what goes on later.
          isRequested: pendingRequest(requestedBy) !== undefined && time <= clock.now(),
        }),
    })
    const isBlocked = spec.mode !== 'DryRun' && blocks.some(({ isAcceptable }) => !isAcceptable)
    this.#blocked.made(keyOf(pass.policy), { isBlocked, now: clock.now(), tookMs })
    return Math.min(next, this.#blocked.dueAt(keyOf(pass.policy), isBlocked))
  }

  async #plan(
    { policy, signal }: PolicyPass,
    { spec, rules, registry }: PolicyContext,
    opened: OpenRegistry,
    { bindings, manifests, soak }: PolicyMemory,
    more: Pick<Parameters<typeof planPolicy>[0], 'went' | 'restored'>,
  ): Promise<Planning> {
    const { live, claims, registries, clock, version } = this.#parts
    const registrySpec = specOf(RegistrySpec, registry)
    return await planPolicy({
      ...{ spec, rules, opened, manifests, soak, clock, signal, version, ...more },
      policy: policy.metadata.uid ?? '',
      registry: { uid: registry.metadata.uid ?? '', url: opened.url },
      limits: registrySpec.limits,
      names: registryNames(registrySpec, registry.metadata.namespace ?? ''),
      inventories: () => plannedInventories(live, signal),
      claims: claims.claimsOf(registry),
      workspaces: workspacesIn(registry, registries),
      memory: bindings,
    })
  }

  /**
   * What the policy has done, as far as the workspace tells, with what spec.restore asks for brought back. A workspace that does not answer keeps nobody from planning.
   * @throws LEADERSHIP_LOST, CANCELLED
   */
  async #recall(
    { policy, signal }: PolicyPass,
    { registry, spec }: Pick<PolicyContext, 'registry' | 'spec'>,
    { record, recordProblem }: Pick<PolicyMemory, 'record' | 'recordProblem'>,
  ): Promise<{
    readonly history: EvictionHistory
    readonly told: readonly RestorationStatus[]
    readonly problem: TallymanError | undefined
  }> {
    if (recordProblem !== undefined) return { history: joined([]), told: [], problem: recordProblem }
    const { undo } = this.#parts
    try {
      const history = await undo.recall(policy, registry, record, signal)
      const back = await undo.bringBackAsked(policy, registry, spec, history, signal)
      return { ...back, problem: undefined }
    } catch (thrown) {
      signal.throwIfAborted()
      const problem = asTallymanError(thrown)
      if (problem.code === 'LEADERSHIP_LOST' || problem.code === 'INTERNAL') throw thrown
      return { history: joined([]), told: [], problem }
    }
  }

  /** What went by the plan that the status speaks of. */
  async #planBefore({ policy, signal }: PolicyPass, registry: RegistryObject): Promise<KeptPlan | undefined> {
    const digest = policy.status?.plan?.digest
    if (digest === undefined) return undefined
    try {
      return await this.#parts.plans.find(policy, registry, digest, signal)
    } catch (thrown) {
      signal.throwIfAborted()
      const { code, advice } = asTallymanError(thrown)
      if (code === 'INTERNAL') throw thrown
      // A plan can be made without the one before.
      this.#parts.log.warn({ policy: keyOf(policy), code, reason: advice }, 'the plan before is not read')
      return undefined
    }
  }

  async #remember(
    { policy, signal }: PolicyPass,
    registry: RegistryObject,
    url: string,
    { record, recordProblem }: PolicyMemory,
    { memory, facts, soak, restored, blocks }: Planning,
  ): Promise<PolicyRecord> {
    const { memories, records } = this.#parts
    // By a clock that is ahead, everything would look older than it is.
    if (blocks.every(({ code }) => code !== 'ClockSkew')) {
      await memories.save(policy, registry, { bindings: memory, manifests: facts.manifests, soak }, signal)
    }
    if (recordProblem !== undefined || isSame(record.restored, restored)) return record
    return await records.change(policy, registry, url, (before) => ({ ...before, restored }), signal)
  }

  /** What stands against carrying out anything, besides what the plan says. */
  #ownBlocks(
    { policy }: PolicyPass,
    registry: RegistryObject,
    record: PolicyRecord,
    problem: TallymanError | undefined,
  ): Block[] {
    if (workspaceOf(registry, this.#parts.registries) === undefined) {
      const message = `Registry ${registry.metadata.name} has no spec.workspace, where what is about to go is written first`
      return [{ code: 'WorkspaceRequired', message, isAcceptable: false }]
    }
    const why = problem?.advice ?? lostRecord(policy.status ?? {}, record)
    if (why === undefined) return []
    const message = `what the policy has done already is not known: ${why}`
    return [{ code: 'RecordUnreadable', message, isAcceptable: false }]
  }

  /** A plan that is to be carried out needs the registry to be ours (S01). @throws LEADERSHIP_LOST, CANCELLED */
  async #claimBlocks({ signal }: PolicyPass, { registry, spec }: PolicyContext): Promise<Block[]> {
    if (spec.mode === 'DryRun') return []
    try {
      await this.#parts.claims.hold(registry, signal)
      return []
    } catch (thrown) {
      signal.throwIfAborted()
      const error = asTallymanError(thrown)
      if (error.code === 'LEADERSHIP_LOST' || error.code === 'INTERNAL') throw thrown
      const message = `the registry is not claimed: ${error.advice}`
      return [{ code: 'ClaimNotHeld', message, isAcceptable: false }]
    }
  }

  async #tell(
    pass: PolicyPass,
    { spec, rules, registry }: PolicyContext,
    told: {
      readonly planning: Planning
      readonly blocks: readonly Block[]
      readonly held: string | undefined
      /** The run that is not over. */
      readonly open: PolicyRecord['run']
      readonly before: KeptPlan | undefined
      readonly url: string
      /** What the policy has evicted; undefined: the workspace does not tell. */
      readonly history: EvictionHistory | undefined
    },
  ): Promise<void> {
    const { planning, blocks, held, open, before, url, history } = told
    const { plan, facts } = planning
    const { namespace = '', name } = pass.policy.metadata
    const document = await policyPlanDocument({
      policy: { namespace, name },
      registry: { name: registry.metadata.name, url },
      ...{ mode: spec.mode, readAt: facts.readAt, plan, blocks, before },
      unmatchedRules: unmatchedRules(rules, facts),
    })
    const figures = planFigures({ spec, planning, document, history })
    const verdict = planVerdict(figures, spec, held, open)
    await pass.write((status) => statusAfterPlan(status, figures, verdict, pass.stamp))
    const packed = await packPlan(document)
    const report = await this.#parts.plans.keep(pass.policy, registry, packed, pass.signal)
    await pass.write(({ plan: shown, ...status }) => {
      if (shown === undefined) return status
      const { report: _, ...rest } = shown
      return { ...status, plan: report === undefined ? rest : { ...rest, report } }
    })
  }
}

/** What was to go by a plan, and the tags that runs took away. */
function* wentBy(
  { removals }: KeptPlan,
  { went }: EvictionHistory,
): Generator<Pick<KeptPlan['removals'][number], 'repository' | 'tag' | 'digest'>, void, void> {
  yield* removals
  for (const { repository, tag, digest } of went) if (tag !== undefined) yield { repository, tag, digest }
}

/** A workspace that does not tell what the policy has done is asked again after so long. */
const RECORD_RETRY_MS = 60_000

function isSame(a: PolicyRecord['restored'], b: PolicyRecord['restored']): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
