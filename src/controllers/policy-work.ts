import type { Inventories } from '#clusters/inventories.ts'
import type { LeftLedgers } from '#clusters/left-ledgers.ts'
import { BlockedPlans } from '#controllers/blocked-plans.ts'
import { holdText } from '#controllers/evicted-hold.ts'
import { withRestorations } from '#controllers/evicted-news.ts'
import { watchBlocks } from '#controllers/evicted-room.ts'
import type { PolicyAnchors } from '#controllers/policy-anchors.ts'
import { claimBlocks, claimedBelowBlocks, leftBlocks, recordBlocks } from '#controllers/policy-blocks.ts'
import { isNewPolicy } from '#controllers/policy-due.ts'
import { PolicyExecution } from '#controllers/policy-execution.ts'
import { plannedInventories } from '#controllers/policy-inventories.ts'
import type { PolicyLeftovers } from '#controllers/policy-leftovers.ts'
import { withLostOutside } from '#controllers/policy-lost-outside.ts'
import type { PolicyMemories, PolicyMemory } from '#controllers/policy-memory.ts'
import type { PolicyContext, PolicyPass } from '#controllers/policy-pass.ts'
import { type PolicyPast, RECORD_RETRY_MS } from '#controllers/policy-past.ts'
import { type Planning, type PlanningInput, planPolicy } from '#controllers/policy-planner.ts'
import type { KeptPlan, PolicyPlans } from '#controllers/policy-plans.ts'
import { type PolicyRecords, recordLoss } from '#controllers/policy-records.ts'
import { locatedEntries, stayingTags } from '#controllers/policy-restore.ts'
import type { PolicyRuns } from '#controllers/policy-runs.ts'
import { withStandingHold } from '#controllers/policy-status.ts'
import { planBefore, tellPlan } from '#controllers/policy-telling.ts'
import type { PolicyUndo } from '#controllers/policy-undo.ts'
import { windowAt } from '#controllers/policy-window.ts'
import type { OpenRegistry, RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryClaims } from '#controllers/registry-claims.ts'
import { type RegistryObject, type RegistryPolicyObject, specOf } from '#controllers/resources.ts'
import { workspacesIn } from '#controllers/workspaces.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { EvictionHistory } from '#evict/evicted.ts'
import { pullPrefix, registryNames } from '#inventory/registry-names.ts'
import type { Log } from '#kube/log.ts'
import { lastApprovalAt, type PolicyRecord } from '#retention/policy-record.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { pendingRequest } from '#runtime/predicates.ts'
import { calmly } from '#time/calmly.ts'
import type { Clock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'

export interface PolicyWorkParts {
  readonly access: RegistryAccess
  readonly registries: ObjectStore<RegistryObject>
  readonly live: Pick<Inventories, 'all'>
  readonly claims: Pick<RegistryClaims, 'claimsOf' | 'hold' | 'ownTag'>
  readonly memories: PolicyMemories
  readonly records: PolicyRecords
  readonly plans: PolicyPlans
  readonly runs: PolicyRuns
  readonly leftovers: Pick<PolicyLeftovers, 'purge'>
  readonly anchors: PolicyAnchors
  readonly undo: PolicyUndo
  readonly past: PolicyPast
  readonly left: Pick<LeftLedgers, 'read'>
  readonly clock: Clock
  readonly log: Log
  /** Of this program. */
  readonly version: string
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
    const { past, clock } = this.#parts
    const { policy } = pass
    if (spec.mode === 'DryRun' && policy.status?.run === undefined) return Number.POSITIVE_INFINITY
    const { record, problem } = await past.watchIn(registry, pass)
    if (problem !== undefined) return clock.now() + RECORD_RETRY_MS
    if (spec.suspend) return await past.restoreSuspended(pass, { registry, spec }, record)
    const isBlocked =
      spec.mode !== 'DryRun' &&
      (policy.status?.blocks?.some(({ approvable }) => !approvable) === true || waitsForNobody(policy))
    const { run } = record
    const runAt = run === undefined ? Number.POSITIVE_INFINITY : (run.resumesAt ?? 0)
    return Math.min(this.#blocked.dueAt(keyOf(policy), isBlocked), runAt)
  }

  /**
   * @param onAnswer is called when the registry has answered, and waited for
   * @returns when a run goes on, or what stands against the plan is looked at again, ms since the epoch; Infinity: neither
   * @throws BARRIER_NOT_REACHED, KUBE_*; SPEC_INVALID (of the Registry), REFERENCE_NOT_FOUND, SECRET_*, REGISTRY_*; LEADERSHIP_LOST, CANCELLED
   */
  async run(pass: PolicyPass, context: PolicyContext, onAnswer: () => Promise<void>): Promise<number> {
    const { access, registries, claims, memories, records, plans, past, undo, anchors, left, clock } =
      this.#parts
    const { registry, spec, schedule } = context
    const requestedBy = pass.policy
    const opened = await access.open(registry, pass.signal)
    await onAnswer()
    const loaded = await memories.load(pass.policy, registry, opened.url, pass.signal)
    const lost = recordLoss(pass.policy, loaded.record, clock.now())
    const memory = { ...loaded, recordProblem: loaded.recordProblem ?? lost }
    const recalled = await past.recall(pass, context, loaded)
    const recordHold = async (now: PolicyRecord) =>
      memory.recordProblem === undefined
        ? await undo.recordHold(pass.policy, now, (compute) =>
            records.change(pass.policy, registry, opened.url, compute, pass.signal),
          )
        : now
    // Before anything that may fail: what is in no record may be lost with this process.
    let record = await recordHold(memory.record)
    // What the status tells would hold again, once the token is taken out of the spec.
    if (memory.recordProblem === undefined && undo.standingHold(keyOf(pass.policy)) === undefined) {
      if (pass.policy.status?.hold !== undefined)
        await pass.write((status) => withStandingHold(status, undo.standingHold(keyOf(pass.policy))))
    }
    const { history, told } = recalled
    const problem = recalled.problem ?? lost
    const names = registryNames(specOf(RegistrySpec, registry), registry.metadata.namespace ?? '')
    const before = problem === undefined ? await planBefore(this.#parts, pass, registry) : undefined
    const went = before === undefined ? undefined : wentBy(before, history)
    // What other installations use counts in the plan already.
    const unclaimed = await claimBlocks(claims, context, pass.signal)
    const begunAt = clock.monotonic()
    const planning = await this.#plan(pass, context, opened, memory, {
      went,
      taken: history.went,
      unknownReturns: history.unknownReturns,
      restored: (facts) =>
        calmly(
          stayingTags({
            ...{ entries: locatedEntries(spec.restore ?? [], names), history, facts },
            remembered: record.restored,
            now: clock.now(),
          }),
        ),
    })
    const tookMs = clock.monotonic() - begunAt
    record = await this.#remember(pass, registry, opened.url, { ...memory, record }, planning)
    const blocks = [
      ...planning.blocks,
      ...(await leftBlocks(left, pass.signal)),
      ...recordBlocks({ registry, registries, problem }),
      ...(await watchBlocks({
        spec,
        planning,
        approvals: record.approvals,
        known: undo.known,
        now: clock.now(),
      })),
      ...unclaimed,
      ...(spec.mode === 'DryRun' ? [] : claimedBelowBlocks(planning.facts, claims.ownTag)),
    ]
    record = await recordHold(record)
    const hold = undo.standingHold(keyOf(pass.policy))
    const held = hold === undefined ? undefined : holdText(hold)
    await tellPlan(plans, pass, context, {
      ...{ planning, blocks, hold, before },
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
    const isBlocked =
      spec.mode !== 'DryRun' &&
      (blocks.some(({ isAcceptable }) => !isAcceptable) || waitsForNobody(pass.policy))
    this.#blocked.made(keyOf(pass.policy), { isBlocked, now: clock.now(), tookMs })
    return Math.min(next, this.#blocked.dueAt(keyOf(pass.policy), isBlocked))
  }

  async #plan(
    { policy, signal }: PolicyPass,
    { spec, rules, registry }: PolicyContext,
    opened: OpenRegistry,
    { bindings, manifests, soak, ledgers, record }: PolicyMemory,
    more: Pick<PlanningInput, 'went' | 'taken' | 'restored' | 'unknownReturns'>,
  ): Promise<Planning> {
    const { live, claims, registries, clock, version } = this.#parts
    const registrySpec = specOf(RegistrySpec, registry)
    return await planPolicy({
      ...{ spec, rules, opened, manifests, soak, ledgers, clock, signal, version, ...more },
      policy: policy.metadata.uid ?? '',
      registry: { uid: registry.metadata.uid ?? '', url: opened.url },
      limits: registrySpec.limits,
      names: registryNames(registrySpec, registry.metadata.namespace ?? ''),
      inventories: () => plannedInventories(live, signal),
      claims: claims.claimsOf(registry),
      workspaces: workspacesIn(registry, registries),
      memory: bindings,
      acceptedAt: lastApprovalAt(record),
    })
  }

  async #remember(
    { policy, signal, write }: PolicyPass,
    registry: RegistryObject,
    url: string,
    { record, recordProblem }: PolicyMemory,
    { memory, facts, soak, ledgers, restored, blocks, lost }: Planning,
  ): Promise<PolicyRecord> {
    const { memories, records } = this.#parts
    // By a clock that is ahead, everything would look older than it is.
    if (blocks.every(({ code }) => code !== 'ClockSkew')) {
      // Once it is remembered that they are gone, no plan misses them.
      if (lost.count > 0)
        await write((status) => withLostOutside(status, lost, pullPrefix(new URL(url)), facts.readAt))
      const scan = { bindings: memory, manifests: facts.manifests, soak, ledgers }
      await memories.save(policy, registry, scan, signal)
    }
    if (recordProblem !== undefined || isSame(record.restored, restored)) return record
    return await records.change(policy, registry, url, (before) => ({ ...before, restored }), signal)
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

function isSame(a: PolicyRecord['restored'], b: PolicyRecord['restored']): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** An approval is blocked, and by no human: by what stands against the plan, or by a repository that could not be read, which mostly passes. */
function waitsForNobody({ status }: RegistryPolicyObject): boolean {
  return status?.approval?.state === 'Blocked' && status.hold === undefined
}
