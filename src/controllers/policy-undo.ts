import type { TallymanError } from '#catalogue/error.ts'
import { type StandingHold, withHold } from '#controllers/evicted-hold.ts'
import type { EvictedRestorer } from '#controllers/evicted-restorer.ts'
import type { EvictedReturn } from '#controllers/evicted-returns.ts'
import type { EvictedWatch } from '#controllers/evicted-watch.ts'
import {
  type KnownHistory,
  NOTHING_KNOWN,
  repositoriesOf,
  withoutRuns,
  withReturned,
  withRun,
} from '#controllers/known-history.ts'
import type { PolicyHolds } from '#controllers/policy-holds.ts'
import { RESTORED_FOR_MS } from '#controllers/policy-restore.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'
import { unrecordedHarm } from '#controllers/unrecorded-harm.ts'
import type { Evicted, EvictionHistory } from '#evict/evicted.ts'
import type { Ended } from '#evict/eviction.ts'
import type { Hold, PolicyRecord } from '#retention/policy-record.ts'
import { keyOf } from '#runtime/object-key.ts'
import { toleratedProblem } from '#runtime/tolerated-problem.ts'
import type { Clock } from '#time/clock.ts'

export interface PolicyUndoParts {
  readonly restorer: Pick<EvictedRestorer, 'historyOf' | 'returnedTo'>
  readonly watch: Pick<EvictedWatch, 'add' | 'follow' | 'forget'>
  readonly holds: PolicyHolds
  readonly clock: Clock
}

/** What policies have evicted: known again after a restart, watched for new use, and what holds them since (S04). */
export class PolicyUndo {
  readonly #parts: PolicyUndoParts
  /** By policy. */
  readonly #histories = new Map<string, KnownHistory>()

  constructor(parts: PolicyUndoParts) {
    this.#parts = parts
  }

  /** Another leader may have evicted more. */
  beginTerm(): void {
    this.#histories.clear()
    this.#parts.holds.beginTerm()
  }

  /** The policy is gone. What it evicted is no longer watched, and its journals stay. */
  forget(key: string): void {
    this.#histories.delete(key)
    this.#parts.holds.forget(key)
    this.#parts.watch.forget(key)
  }

  /** From here on nothing of the policy goes until a human has looked. @param change of its record @throws what keeps it from being recorded */
  async hold(
    policy: RegistryPolicyObject,
    hold: Hold,
    change: (compute: (record: PolicyRecord) => PolicyRecord) => Promise<PolicyRecord>,
  ): Promise<void> {
    this.#parts.holds.add(keyOf(policy), hold)
    await change((record) => withHold(record, hold))
  }

  /**
   * Has the record say what holds the policy: a hold that could not be recorded when it came is recorded now, and one that a human has ended is forgotten: it does not come back
   * when the token is taken out of the spec.
   * @throws what keeps that from being recorded
   */
  async recordHold(
    policy: RegistryPolicyObject,
    record: PolicyRecord,
    change: (compute: (record: PolicyRecord) => PolicyRecord) => Promise<PolicyRecord>,
  ): Promise<PolicyRecord> {
    const key = keyOf(policy)
    const { hold } = record
    const standing = this.#parts.holds.standing(key)
    if (standing !== undefined) {
      if (standing.since <= (hold?.since ?? 0)) return record
      return await change((now) => withHold(now, standing))
    }
    this.#parts.holds.released(key)
    if (hold === undefined) return record
    return await change((now) => (now.hold?.since === hold.since ? { ...now, hold: undefined } : now))
  }

  /** Why nothing of the policy goes; undefined: nothing is in the way. */
  heldBecause(key: string): string | undefined {
    return this.#parts.holds.because(key)
  }

  /** The hold of the policy that nobody has ended; undefined: nothing is in the way. */
  standingHold(key: string): StandingHold | undefined {
    return this.#parts.holds.standing(key)
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
    if (hold !== undefined) this.#parts.holds.add(key, hold)
    const known = this.#histories.get(key) ?? (await this.#read(key, registry, { run, runs, hold }, signal))
    return await this.#withReturns(key, known, registry, signal)
  }

  async #read(
    key: string,
    registry: RegistryObject,
    { run, runs, hold }: Pick<PolicyRecord, 'run' | 'runs' | 'hold'>,
    signal: AbortSignal,
  ): Promise<KnownHistory> {
    const past = [...(run === undefined ? [] : [run]), ...runs]
    const named = past.map(({ id, repositories }) => ({ run: id, repositories }))
    const history = await this.#parts.restorer.historyOf(registry, named, signal)
    this.#know(key, registry, history)
    const harm = unrecordedHarm(history.returned, run, hold)
    if (harm !== undefined) this.#parts.holds.add(key, harm)
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
    this.#parts.holds.measure(keyOf(policy))
    if (this.#histories.has(keyOf(policy))) return undefined
    try {
      await this.recall(policy, registry, record, signal)
      return undefined
    } catch (thrown) {
      return toleratedProblem(thrown, signal)
    }
  }

  /** What runs of the policy have done, as far as it is known. */
  evicted(policy: RegistryPolicyObject): KnownHistory {
    return this.#histories.get(keyOf(policy)) ?? NOTHING_KNOWN
  }

  /** How many things of all policies are known to have gone, and are watched; those that came back count until they are purged. */
  get known(): number {
    return [...this.#histories.values()].reduce((sum, { went }) => sum + went.size, 0)
  }

  /** What runs have begun that has no end, as far as it is known. */
  unsettled(policy: RegistryPolicyObject): EvictionHistory['unsettled'] {
    return this.evicted(policy).unsettled
  }

  /** `tallyman restore` may have brought something back meanwhile: it stays for its time as well (S12). */
  async #withReturns(
    key: string,
    known: KnownHistory,
    registry: RegistryObject,
    signal: AbortSignal,
  ): Promise<EvictionHistory> {
    const { restorer } = this.#parts
    const mute = known.unsettled.map(({ repository }) => repository)
    const repositories = new Set([...known.went.repositories, ...mute])
    const { returned, unknownReturns } = await restorer.returnedTo(registry, repositories, signal)
    const history = { ...withReturned(known, returned), unknownReturns }
    this.#histories.set(key, history)
    return history
  }

  /** A run takes something away: from this moment on it is watched. */
  took(policy: RegistryPolicyObject, run: string, repository: string, { tag, digest, outcome }: Ended): void {
    if (outcome !== 'untagged' && outcome !== 'swept') return
    const thing: Evicted = { run, repository, tag, digest, at: this.#parts.clock.now() }
    this.#parts.watch.add(keyOf(policy), [thing])
  }

  /**
   * After something was done about a run its journals say what went: those of `repositories`, and of all others that it is known to have come to. Where nothing is known yet of
   * the policy, the next recall reads all of its runs.
   */
  async learn(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    run: { readonly id: string; readonly repositories: readonly string[] },
    signal: AbortSignal,
  ): Promise<void> {
    const key = keyOf(policy)
    const known = repositoriesOf(this.evicted(policy), run.id)
    const repositories = [...new Set([...run.repositories, ...known])]
    const told = await this.#historyOf(key, registry, [{ run: run.id, repositories }], signal)
    // One run is not all that was done; it may have been forgotten meanwhile.
    const now = this.#histories.get(key)
    if (now !== undefined) this.#know(key, registry, withRun(now, run.id, told))
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

  /** A call of a run was left before its journals were read: the next recall reads all of them, and what has no end is settled. Until then the watch has what it was told (S04). */
  unknow(policy: RegistryPolicyObject): void {
    this.#histories.delete(keyOf(policy))
  }

  /** Nothing of these runs is left to bring anything back by: what they took is not watched any more. */
  unlearn(policy: RegistryPolicyObject, registry: RegistryObject, runs: ReadonlySet<string>): void {
    const key = keyOf(policy)
    const known = this.#histories.get(key)
    if (known === undefined) return
    // What is back stays for its time (S12), also where that was recorded while its run was purged.
    const since = this.#parts.clock.now() - RESTORED_FOR_MS
    const returned = known.returned.filter(({ run, at }) => at > since || !runs.has(run))
    this.#know(key, registry, { ...withoutRuns(known, runs), returned })
  }

  /** This is what the policy has evicted, and what is watched. */
  #know(key: string, registry: RegistryObject, history: KnownHistory): void {
    this.#histories.set(key, history)
    const unsettled = new Set(history.unsettled.map(({ run }) => run))
    this.#parts.watch.follow(key, keyOf(registry), history, unsettled)
  }

  /** What is back stays for its time (S12), also once it is no longer in use. */
  keepReturned(key: string, returns: readonly EvictedReturn[]): void {
    const history = this.#histories.get(key)
    if (history === undefined) return
    const returned = returns
      .filter(({ outcome }) => outcome !== 'Taken')
      .flatMap(({ use: { thing }, at }) => (at === undefined ? [] : { ...thing, at }))
    this.#histories.set(key, withReturned(history, returned))
  }
}
