import { asTallymanError } from '#catalogue/error.ts'
import { holdOn, withHold } from '#controllers/evicted-hold.ts'
import {
  type RestorationStatus,
  reasonToHold,
  returnEvents,
  returnStatus,
  withRestorations,
} from '#controllers/evicted-news.ts'
import type { EvictedRestorer } from '#controllers/evicted-restorer.ts'
import type { EvictedReturn } from '#controllers/evicted-returns.ts'
import type { PolicyHolds } from '#controllers/policy-holds.ts'
import type { PolicyRecords } from '#controllers/policy-records.ts'
import { namedRegistry, pulledFrom } from '#controllers/policy-registry.ts'
import { type PolicyReporter, policySubject } from '#controllers/policy-reporter.ts'
import { locatedEntries } from '#controllers/policy-restore.ts'
import { restoreAsked } from '#controllers/policy-restore-run.ts'
import { heldPolicy } from '#controllers/policy-status.ts'
import type { PolicyUndo } from '#controllers/policy-undo.ts'
import { type RegistryObject, type RegistryPolicyObject, specOf } from '#controllers/resources.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { EvictionHistory } from '#evict/evicted.ts'
import { registryNames, registryUrl } from '#inventory/registry-names.ts'
import type { Log } from '#kube/log.ts'
import type { PolicyRecord } from '#retention/policy-record.ts'
import type { EventRecorder } from '#runtime/events.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectMetrics } from '#runtime/object-metrics.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import type { Clock } from '#time/clock.ts'

export interface PolicyReturnsParts {
  readonly deps: {
    readonly clock: Clock
    readonly events: Pick<EventRecorder, 'record'>
    readonly objectMetrics: Pick<ObjectMetrics, 'set'>
  }
  readonly restorer: Pick<EvictedRestorer, 'bringBack'>
  readonly undo: Pick<PolicyUndo, 'evicted' | 'keepReturned' | 'learn'>
  readonly holds: PolicyHolds
  readonly records: Pick<PolicyRecords, 'change'>
  readonly reporter: Pick<PolicyReporter, 'latest' | 'write'>
  readonly policies: Pick<ObjectStore<RegistryPolicyObject>, 'get'>
  readonly registries: Pick<ObjectStore<RegistryObject>, 'get'>
  readonly log: Log
}

/** What comes back of what policies have evicted, because the spec asks for it or because it came into use (S04): what follows from that, and what is told. */
export class PolicyReturns {
  readonly #parts: PolicyReturnsParts
  #term: AbortSignal | undefined

  constructor(parts: PolicyReturnsParts) {
    this.#parts = parts
  }

  beginTerm(term: AbortSignal): void {
    this.#term = term
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
    const { restorer, undo, deps } = this.#parts
    const before = policy.status?.restorations ?? []
    const entries = locatedEntries(
      restore,
      registryNames(specOf(RegistrySpec, registry), registry.metadata.namespace ?? ''),
    )
    const { runs, restorations, failure } = await restoreAsked(restorer, {
      ...{ registry, entries, history, before, signal, now: deps.clock.now() },
    })
    if (failure !== undefined) {
      deps.events.record(policy, 'RestoreFailed', `Asked for in spec.restore, and not back: ${failure}`)
    }
    for (const id of runs) {
      const repositories = new Set<string>()
      for (const { run, repository } of history.went) if (run === id) repositories.add(repository)
      await undo.learn(policy, registry, { id, repositories: [...repositories] }, signal)
    }
    return { history: undo.evicted(policy), told: [...restorations] }
  }

  /** Something evicted came into use, or none of it is any more: nothing more goes until a human has looked, and what became of it is told (S04). */
  cameIntoUse(key: string, returns: readonly EvictedReturn[], pending: number): void {
    const policy = this.#parts.policies.get(key)
    if (policy === undefined) return
    const { deps, undo, holds, registries } = this.#parts
    const from = pulledFrom(namedRegistry(policy, registries))
    const subject = policySubject(policy)
    const labels = { namespace: subject.namespace, name: subject.name }
    deps.objectMetrics.set(subject, 'tallyman_policy_evicted_in_use', [{ labels, value: pending }])
    if (returns.length === 0) return
    for (const { reason, note } of returnEvents(returns, from)) deps.events.record(policy, reason, note)
    undo.keepReturned(key, returns)
    this.#hold(key, holds.failures.newOf(key, returns), from)
    const term = this.#term
    if (term === undefined || term.aborted) return
    const failed = (what: string) => (thrown: unknown) => {
      if (term.aborted) return
      const { code, advice } = asTallymanError(thrown)
      this.#parts.log.warn({ policy: key, code, reason: advice }, what)
    }
    // Neither waits for the other: where the hold cannot be recorded, as by a record that is not ours (S32), or by a workspace that does not answer, it is told all the same.
    void this.#record(policy, term).catch(failed('that nothing more goes is not recorded'))
    void this.#tell(policy, returns, term).catch(failed('what was brought back is not told in the status'))
  }

  /** @param news what is no failure that the policy was held for before */
  #hold(key: string, news: readonly EvictedReturn[], from: string): void {
    const { holds, deps } = this.#parts
    const because = reasonToHold(news, from)
    if (because === undefined) return
    const hold = holdOn(because, deps.clock.now())
    // Another leader held it for these, and says so in the status or the record: its token is the one that somebody may be about to commit.
    const isKnown = news.every(({ outcome }) => outcome !== 'Restored')
    if (isKnown && holds.standing(key)?.because === hold.because) return
    holds.add(key, hold)
  }

  async #record(policy: RegistryPolicyObject, term: AbortSignal): Promise<void> {
    const { records, reporter, registries, holds } = this.#parts
    const registry = namedRegistry(policy, registries)
    const key = keyOf(policy)
    if (registry === undefined || holds.standing(key) === undefined) return
    const url = registryUrl(specOf(RegistrySpec, registry), registry.metadata.namespace ?? '').href
    const compute = (record: PolicyRecord) => {
      // A human may have ended it meanwhile.
      const standing = holds.standing(key)
      return standing === undefined ? record : withHold(record, standing)
    }
    await records.change(reporter.latest(policy), registry, url, compute, term)
  }

  async #tell(
    policy: RegistryPolicyObject,
    returns: readonly EvictedReturn[],
    term: AbortSignal,
  ): Promise<void> {
    const { reporter, registries, holds, deps } = this.#parts
    const now = deps.clock.now()
    const told = returnStatus(returns, pulledFrom(namedRegistry(policy, registries)), now)
    const held = holds.standing(keyOf(policy))
    if (told.length === 0 && held === undefined) return
    await reporter.write(
      reporter.latest(policy),
      (status) => {
        const telling = withRestorations(status, told)
        return held === undefined ? telling : heldPolicy(telling, held, now)
      },
      term,
    )
  }
}
