import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { ControllerDeps } from '#controllers/deps.ts'
import { holdOn } from '#controllers/evicted-hold.ts'
import {
  type RestorationStatus,
  reasonToHold,
  returnEvents,
  returnStatus,
} from '#controllers/evicted-news.ts'
import type { EvictedRestorer, KnownHistory } from '#controllers/evicted-restorer.ts'
import type { EvictedReturn } from '#controllers/evicted-returns.ts'
import type { EvictedWatch } from '#controllers/evicted-watch.ts'
import { PolicyHolds } from '#controllers/policy-holds.ts'
import type { PolicyRecords } from '#controllers/policy-records.ts'
import { type PolicyReporter, policySubject } from '#controllers/policy-reporter.ts'
import { RESTORED_FOR_MS } from '#controllers/policy-restore.ts'
import { restoreAsked } from '#controllers/policy-restore-run.ts'
import { type RegistryObject, type RegistryPolicyObject, specOf } from '#controllers/resources.ts'
import { unrecordedHarm } from '#controllers/unrecorded-harm.ts'
import { RegistrySpec } from '#crds/registry.ts'
import {
  RESTORATIONS_IN_STATUS,
  type RegistryPolicySpec,
  type RegistryPolicyStatus,
} from '#crds/registry-policy.ts'
import { type Evicted, type EvictionHistory, notReturned, type Returned } from '#evict/evicted.ts'
import { EvictedThings } from '#evict/evicted-things.ts'
import type { Ended } from '#evict/eviction.ts'
import { registryUrl } from '#inventory/registry-names.ts'
import type { Log } from '#kube/log.ts'
import type { Hold, PolicyRecord } from '#retention/policy-record.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'

export interface PolicyUndoParts {
  readonly deps: ControllerDeps
  readonly restorer: EvictedRestorer
  readonly watch: EvictedWatch
  readonly records: PolicyRecords
  readonly reporter: PolicyReporter
  readonly policies: ObjectStore<RegistryPolicyObject>
  readonly registries: ObjectStore<RegistryObject>
  readonly log: Log
}

/** What policies have evicted: known again after a restart, brought back where the spec asks for it, and watched for new use (S04). */
export class PolicyUndo {
  readonly #parts: PolicyUndoParts
  readonly #histories = new Map<string, KnownHistory>()
  readonly #holds: PolicyHolds
  #term: AbortSignal | undefined

  constructor(parts: PolicyUndoParts) {
    this.#parts = parts
    this.#holds = new PolicyHolds(parts.policies, parts.deps.objectMetrics)
  }

  beginTerm(term: AbortSignal): void {
    this.#term = term
    this.#histories.clear()
    this.#holds.beginTerm()
  }

  /** The policy is gone. What it evicted is no longer watched, and its journals stay. */
  forget(key: string): void {
    this.#histories.delete(key)
    this.#holds.forget(key)
    this.#parts.watch.forget(key)
  }

  /** From here on nothing of the policy goes until a human has looked. @param change of its record @throws what keeps it from being recorded */
  async hold(
    policy: RegistryPolicyObject,
    hold: Hold,
    change: (compute: (record: PolicyRecord) => PolicyRecord) => Promise<PolicyRecord>,
  ): Promise<void> {
    this.#holds.add(keyOf(policy), hold)
    await change((record) => held(record, hold))
  }

  /**
   * Forgets a hold that a human has ended: it does not come back when the token is taken out of the spec.
   * @throws what keeps that from being recorded
   */
  async released(
    policy: RegistryPolicyObject,
    record: PolicyRecord,
    change: (compute: (record: PolicyRecord) => PolicyRecord) => Promise<PolicyRecord>,
  ): Promise<PolicyRecord> {
    const key = keyOf(policy)
    const { hold } = record
    if (this.#holds.because(key) !== undefined) return record
    this.#holds.released(key)
    if (hold === undefined) return record
    return await change((now) => (now.hold?.since === hold.since ? { ...now, hold: undefined } : now))
  }

  /** Why nothing of the policy goes; undefined: nothing is in the way. */
  heldBecause(key: string): string | undefined {
    return this.#holds.because(key)
  }

  /**
   * What the policy has evicted, by the journals in the workspace: read once a term, and watched from then on.
   * @throws what keeps the workspace from being read
   */
  async recall(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    { run, runs, hold }: PolicyRecord,
    signal: AbortSignal,
  ): Promise<EvictionHistory> {
    const key = keyOf(policy)
    if (hold !== undefined) this.#holds.add(key, hold)
    const known = this.#histories.get(key)
    if (known !== undefined) return await this.#withReturns(key, known, registry, signal)
    const past = [...(run === undefined ? [] : [run]), ...runs]
    const named = past.map(({ id, repositories }) => ({ run: id, repositories }))
    const history = await this.#parts.restorer.historyOf(registry, named, signal)
    this.#know(key, registry, history)
    const harm = unrecordedHarm(history.returned, run, hold)
    if (harm !== undefined) this.#holds.add(key, harm)
    return history
  }

  /**
   * What the policy has evicted is watched from here on: a new leader does not wait for the next plan (S04).
   * @returns why not, where the workspace does not tell
   * @throws LEADERSHIP_LOST, CANCELLED
   */
  async watchFrom(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    record: PolicyRecord,
    signal: AbortSignal,
  ): Promise<TallymanError | undefined> {
    this.#holds.measure(keyOf(policy))
    if (this.#histories.has(keyOf(policy))) return undefined
    try {
      await this.recall(policy, registry, record, signal)
      return undefined
    } catch (thrown) {
      signal.throwIfAborted()
      const problem = asTallymanError(thrown)
      if (problem.code === 'LEADERSHIP_LOST' || problem.code === 'INTERNAL') throw thrown
      return problem
    }
  }

  /** What runs of the policy have done, as far as it is known. */
  evicted(policy: RegistryPolicyObject): KnownHistory {
    return this.#histories.get(keyOf(policy)) ?? NOTHING
  }

  /** How many things of all policies are known to have gone, and are watched; those that came back count until they are purged. */
  get known(): number {
    return [...this.#histories.values()].reduce((sum, { went }) => sum + went.size, 0)
  }

  /** What runs have begun that has no end, as far as it is known. */
  unsettled(policy: RegistryPolicyObject): EvictionHistory['unsettled'] {
    return this.#histories.get(keyOf(policy))?.unsettled ?? []
  }

  /** `tallyman restore` may have brought something back meanwhile: it stays for its time as well (S12). */
  async #withReturns(
    key: string,
    known: KnownHistory,
    registry: RegistryObject,
    signal: AbortSignal,
  ): Promise<EvictionHistory> {
    const returned = await this.#parts.restorer.returnedTo(registry, known.went.repositories, signal)
    const seen = new Set(known.returned.map(returnKey))
    const history = {
      ...known,
      returned: [...known.returned, ...returned.filter((each) => !seen.has(returnKey(each)))],
    }
    this.#histories.set(key, history)
    return history
  }

  /** A run takes something away: from this moment on it is watched. */
  took(policy: RegistryPolicyObject, run: string, repository: string, { tag, digest, outcome }: Ended): void {
    if (outcome !== 'untagged' && outcome !== 'swept') return
    const thing: Evicted = { run, repository, tag, digest, at: this.#parts.deps.clock.now() }
    this.#parts.watch.add(keyOf(policy), [thing])
  }

  /** After a run its journals say what went. */
  async learn(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    run: { readonly id: string; readonly repositories: readonly string[] },
    signal: AbortSignal,
  ): Promise<void> {
    const key = keyOf(policy)
    const past = [{ run: run.id, repositories: run.repositories }]
    const told = await this.#historyOf(key, registry, past, signal)
    const others = withoutRuns(this.#histories.get(key) ?? NOTHING, new Set([run.id]))
    this.#know(key, registry, {
      went: told.went.with(others.went),
      returned: [...told.returned, ...others.returned],
      unsettled: [...told.unsettled, ...others.unsettled],
    })
  }

  /** What cannot be read is read from the beginning by the next recall: until then the watch has what it was told (S04). */
  async #historyOf(
    key: string,
    registry: RegistryObject,
    past: Parameters<EvictedRestorer['historyOf']>[1],
    signal: AbortSignal,
  ): Promise<KnownHistory> {
    try {
      return await this.#parts.restorer.historyOf(registry, past, signal)
    } catch (thrown) {
      this.#histories.delete(key)
      throw thrown
    }
  }

  /** Nothing of these runs is left to bring anything back by: what they took is not watched any more. */
  unlearn(policy: RegistryPolicyObject, registry: RegistryObject, runs: ReadonlySet<string>): void {
    const key = keyOf(policy)
    const known = this.#histories.get(key)
    if (known === undefined) return
    // What is back stays for its time (S12), also where that was recorded while its run was purged.
    const since = this.#parts.deps.clock.now() - RESTORED_FOR_MS
    const returned = known.returned.filter(({ run, at }) => at > since || !runs.has(run))
    this.#know(key, registry, { ...withoutRuns(known, runs), returned })
  }

  /** This is what the policy has evicted, and what is watched. */
  #know(key: string, registry: RegistryObject, history: KnownHistory): void {
    this.#histories.set(key, history)
    this.#parts.watch.follow(key, keyOf(registry), notReturned(history))
  }

  /**
   * Brings back what spec.restore asks for and is still gone.
   * @returns what the status says of it; empty: nothing was asked for
   * @throws what keeps registry or workspace from being opened; CANCELLED, LEADERSHIP_LOST
   */
  async bringBackAsked(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    { restore = [] }: Pick<RegistryPolicySpec, 'restore'>,
    history: EvictionHistory,
    signal: AbortSignal,
  ): Promise<{ readonly history: EvictionHistory; readonly told: RestorationStatus[] }> {
    if (restore.length === 0) return { history, told: [] }
    const { restorer, deps } = this.#parts
    const before = policy.status?.restorations ?? []
    const { runs, restorations, failure } = await restoreAsked(restorer, {
      ...{ registry, entries: restore, history, before, signal, now: deps.clock.now() },
    })
    if (failure !== undefined) {
      deps.events.record(policy, 'RestoreFailed', `Asked for in spec.restore, and not back: ${failure}`)
    }
    for (const id of runs) {
      const repositories = new Set<string>()
      for (const { run, repository } of history.went) if (run === id) repositories.add(repository)
      await this.learn(policy, registry, { id, repositories: [...repositories] }, signal)
    }
    return { history: this.#histories.get(keyOf(policy)) ?? history, told: [...restorations] }
  }

  /** Something evicted came into use: nothing more goes until a human has looked, and what became of it is told (S04). */
  readonly returned = (key: string, returns: readonly EvictedReturn[], pending: number): void => {
    const policy = this.#parts.policies.get(key)
    if (policy === undefined) return
    const { deps, log } = this.#parts
    const subject = policySubject(policy)
    const labels = { namespace: subject.namespace, name: subject.name }
    deps.objectMetrics.set(subject, 'tallyman_policy_evicted_in_use', [{ labels, value: pending }])
    for (const { reason, note } of returnEvents(returns)) deps.events.record(policy, reason, note)
    this.#keepReturned(key, returns)
    const because = reasonToHold(returns)
    if (because !== undefined) this.#holds.add(key, holdOn(because, deps.clock.now()))
    const term = this.#term
    if (term === undefined || term.aborted) return
    this.#record(policy, returns, term).catch((thrown: unknown) => {
      if (term.aborted) return
      const { code, advice } = asTallymanError(thrown)
      log.warn({ policy: key, code, reason: advice }, 'what was brought back is not recorded')
    })
  }

  /** What is back stays for its time (S12), also once it is no longer in use. */
  #keepReturned(key: string, returns: readonly EvictedReturn[]): void {
    const history = this.#histories.get(key)
    if (history === undefined) return
    const at = this.#parts.deps.clock.now()
    const returned = returns
      .filter(({ outcome }) => outcome !== 'Failed' && outcome !== 'Taken')
      .map(({ use: { thing } }) => ({ ...thing, at }))
    this.#histories.set(key, { ...history, returned: [...history.returned, ...returned] })
  }

  async #record(
    policy: RegistryPolicyObject,
    returns: readonly EvictedReturn[],
    term: AbortSignal,
  ): Promise<void> {
    const { records, reporter, registries, deps } = this.#parts
    const told = returnStatus(returns, deps.clock.now())
    const hold = this.#holds.get(keyOf(policy))
    const registry = registryOf(policy, registries)
    if (registry !== undefined && hold !== undefined) {
      const url = registryUrl(specOf(RegistrySpec, registry), registry.metadata.namespace ?? '').href
      await records.change(policy, registry, url, (record) => held(record, hold), term)
    }
    if (told.length === 0) return
    await reporter.write(reporter.latest(policy), (status) => withRestorations(status, told), term)
  }
}

const NOTHING: KnownHistory = { went: new EvictedThings(), returned: [], unsettled: [] }

function withoutRuns({ went, returned, unsettled }: KnownHistory, runs: ReadonlySet<string>): KnownHistory {
  const isOther = ({ run }: { readonly run: string }) => !runs.has(run)
  return {
    went: went.without(runs),
    returned: returned.filter(isOther),
    unsettled: unsettled.filter(isOther),
  }
}

/** Of two holds the newer one counts: a human may have looked at the other. */
function held(record: PolicyRecord, hold: Hold): PolicyRecord {
  return (record.hold?.since ?? 0) > hold.since ? record : { ...record, hold }
}

function returnKey({ run, repository, tag, digest, at }: Returned): string {
  return `${run} ${repository}:${tag ?? ''}@${digest} ${at}`
}

/** The status with what was brought back, newest first. */
export function withRestorations(
  status: RegistryPolicyStatus,
  told: readonly RestorationStatus[],
): RegistryPolicyStatus {
  if (told.length === 0) return status
  const images = new Set(told.map(({ image }) => image))
  const older = (status.restorations ?? []).filter(({ image }) => !images.has(image))
  return { ...status, restorations: [...told, ...older].slice(0, RESTORATIONS_IN_STATUS) }
}

/** The Registry that a policy names, whatever else its spec says; undefined: none that there is. */
export function registryOf(
  { spec, metadata }: RegistryPolicyObject,
  registries: ObjectStore<RegistryObject>,
): RegistryObject | undefined {
  const reference: unknown =
    typeof spec === 'object' && spec !== null ? Reflect.get(spec, 'registryRef') : undefined
  const name: unknown =
    typeof reference === 'object' && reference !== null ? Reflect.get(reference, 'name') : undefined
  return typeof name === 'string' ? registries.get(`${metadata.namespace ?? ''}/${name}`) : undefined
}
