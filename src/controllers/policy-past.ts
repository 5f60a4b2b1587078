import type { TallymanError } from '#catalogue/error.ts'
import { type RestorationStatus, withRestorations } from '#controllers/evicted-news.ts'
import type { PolicyLeftovers } from '#controllers/policy-leftovers.ts'
import type { PolicyMemories, PolicyMemory } from '#controllers/policy-memory.ts'
import type { PolicyContext, PolicyPass } from '#controllers/policy-pass.ts'
import { namedRegistry } from '#controllers/policy-registry.ts'
import type { PolicyReturns } from '#controllers/policy-returns.ts'
import type { PolicyUndo } from '#controllers/policy-undo.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { type EvictionHistory, joined } from '#evict/evicted.ts'
import type { Log } from '#kube/log.ts'
import type { PolicyRecord } from '#retention/policy-record.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { toleratedProblem } from '#runtime/tolerated-problem.ts'
import type { Clock } from '#time/clock.ts'

/** A workspace that does not tell what the policy has done is asked again after so long. */
export const RECORD_RETRY_MS = 60_000

export interface PolicyPastParts {
  readonly access: RegistryAccess
  readonly registries: ObjectStore<RegistryObject>
  readonly memories: PolicyMemories
  readonly undo: PolicyUndo
  readonly leftovers: Pick<PolicyLeftovers, 'settle'>
  readonly returns: PolicyReturns
  readonly clock: Clock
  readonly log: Log
}

/** What a policy has done so far. */
export interface Past {
  readonly history: EvictionHistory
  /** What the status is to say of what spec.restore asks for. */
  readonly told: readonly RestorationStatus[]
  /** Why it is not known. */
  readonly problem: TallymanError | undefined
}

/** What policies have done: watched for new use, and brought back where their spec asks for it, also while nothing else is done for them (S04). */
export class PolicyPast {
  readonly #parts: PolicyPastParts

  constructor(parts: PolicyPastParts) {
    this.#parts = parts
  }

  /**
   * What the policy has evicted is watched from here on, and what was begun gets an end, also where nothing else is done for it, as where its spec is not understood or an
   * inventory is missing (S04, S17).
   * @returns false: what it has evicted is not known, or not settled, and is to be looked at again
   * @throws CANCELLED, LEADERSHIP_LOST
   */
  async watch(pass: PolicyPass): Promise<boolean> {
    const { policy, signal } = pass
    const registry = namedRegistry(policy, this.#parts.registries)
    if (registry === undefined || policy.status?.run === undefined) return true
    try {
      if ((await this.watchIn(registry, pass)).problem !== undefined) return false
      // What is lost no look settles.
      return this.#parts.undo.unsettled(policy).every(({ isLost }) => isLost)
    } catch (thrown) {
      const { code, advice } = toleratedProblem(thrown, signal)
      this.#parts.log.warn({ policy: keyOf(policy), code, reason: advice }, 'what was evicted is not watched')
      return false
    }
  }

  /**
   * The same of a policy of this Registry.
   * @returns its record, the address of the registry, and why what it has evicted is not known
   * @throws CANCELLED, LEADERSHIP_LOST and what keeps the registry from being opened
   */
  async watchIn(
    registry: RegistryObject,
    pass: PolicyPass,
  ): Promise<{
    readonly record: PolicyRecord
    readonly url: string
    readonly problem: TallymanError | undefined
  }> {
    const { access, memories, undo, leftovers } = this.#parts
    const { policy, signal } = pass
    const { url } = await access.open(registry, signal)
    const { record, recordProblem } = await memories.load(policy, registry, url, signal)
    const problem = recordProblem ?? (await undo.watchFrom(policy, registry, record, signal))
    if (problem === undefined) await leftovers.settle({ pass, registry, url }, undo.unsettled(policy))
    return { record, url, problem }
  }

  /**
   * What the policy has done, as far as the workspace tells, with what spec.restore asks for brought back. A workspace that does not answer keeps nobody from planning.
   * @throws LEADERSHIP_LOST, CANCELLED
   */
  async recall(
    { policy, signal }: PolicyPass,
    { registry, spec }: Pick<PolicyContext, 'registry' | 'spec'>,
    { record, recordProblem }: Pick<PolicyMemory, 'record' | 'recordProblem'>,
  ): Promise<Past> {
    if (recordProblem !== undefined) return { history: joined([]), told: [], problem: recordProblem }
    const { undo, returns } = this.#parts
    try {
      const history = await undo.recall(policy, registry, record, signal)
      const back = await returns.bringBackAsked(policy, registry, spec, history, signal)
      return { ...back, problem: undefined }
    } catch (thrown) {
      return { history: joined([]), told: [], problem: toleratedProblem(thrown, signal) }
    }
  }

  /**
   * Who suspends for that something is missing wants it back before the policy goes on.
   * @returns when it is tried again, ms since the epoch; Infinity: it need not be
   * @throws LEADERSHIP_LOST, CANCELLED, KUBE_*
   */
  async restoreSuspended(
    pass: PolicyPass,
    context: Pick<PolicyContext, 'registry' | 'spec'>,
    record: PolicyRecord,
  ): Promise<number> {
    if ((context.spec.restore ?? []).length === 0) return Number.POSITIVE_INFINITY
    const { told, problem } = await this.recall(pass, context, { record, recordProblem: undefined })
    if (told.length > 0) await pass.write((status) => withRestorations(status, told))
    const isBack = problem === undefined && told.every(({ outcome }) => outcome !== 'Failed')
    return isBack ? Number.POSITIVE_INFINITY : this.#parts.clock.now() + RECORD_RETRY_MS
  }
}
