import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { ConditionReason } from '#catalogue/reasons.ts'
import type { ControllerDeps } from '#controllers/deps.ts'
import { probeReason } from '#controllers/probe-reasons.ts'
import type { OpenRegistry, RegistryAccess } from '#controllers/registry-access.ts'
import { REGISTRIES, type RegistryObject, specOf } from '#controllers/resources.ts'
import { withTimeLimit } from '#controllers/time-limit.ts'
import { type WorkspaceTries, withWorkspace } from '#controllers/workspace-tries.ts'
import type { Condition } from '#crds/meta.ts'
import { RegistrySpec, type RegistryStatus } from '#crds/registry.ts'
import { Announced } from '#runtime/announced.ts'
import { getCondition, type Stamp, setCondition } from '#runtime/conditions.ts'
import type { ReconcileContext } from '#runtime/controller.ts'
import { type Marked, markProgressing, markReady, markRetrying, markStalled } from '#runtime/kstatus-marks.ts'
import { parseKey } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { OwnWrites } from '#runtime/own-writes.ts'
import { requestedAt } from '#runtime/predicates.ts'
import { DONE, type Result } from '#runtime/result.ts'
import { type BackoffPolicy, jittered } from '#time/backoff.ts'
import { parseDuration } from '#time/duration.ts'

/** One probe, with all waits that the registry asks for; below the time limit of a reconciliation. */
const PROBE_LIMIT_MS = 90_000
const MIN_INTERVAL_MS = 1_000

/** How often a registry that does not answer is tried: at most every five minutes (S25). */
export const PROBE_BACKOFF: BackoffPolicy = { initial: 750, max: 5 * 60_000, factor: 2, jitter: 0.2 }

/** What one reconciliation works with. */
interface Pass {
  readonly stamp: Stamp
  /** The token of the request for a run that stood when it began. */
  readonly requested: string | undefined
  readonly signal: AbortSignal
}

/**
 * Keeps the status of a Registry: can its spec be worked on, and does it answer? What is wrong with Secret, password, CA
 * or network is `Ready=False` until this spec was reached once, and `Reachable=False` from then on (S25).
 */
export class RegistryController {
  readonly #deps: ControllerDeps
  readonly #access: RegistryAccess
  readonly #store: ObjectStore<RegistryObject>
  readonly #tries: WorkspaceTries
  readonly #announced = new Announced<RegistryStatus>()
  readonly #own = new OwnWrites<RegistryObject>()

  constructor(
    deps: ControllerDeps,
    access: RegistryAccess,
    store: ObjectStore<RegistryObject>,
    tries: WorkspaceTries,
  ) {
    this.#tries = tries
    this.#deps = deps
    this.#access = access
    this.#store = store
  }

  /** What another leader told since our last term is not remembered here. */
  readonly beginTerm = (): void => {
    this.#announced.forgetAll()
    this.#own.forgetAll()
    this.#tries.forgetAll()
  }

  readonly reconcile = async (key: string, { signal }: ReconcileContext): Promise<Result> => {
    const shown = this.#store.get(key)
    if (shown === undefined || shown.metadata.deletionTimestamp !== undefined) {
      const { namespace = '', name } = parseKey(key)
      this.#announced.forget(key)
      this.#own.forget(key)
      this.#tries.forget(key)
      this.#deps.objectMetrics.forget({ kind: REGISTRIES.kind, namespace, name })
      return DONE
    }

    const registry = this.#own.latest(shown)
    const stamp = { generation: registry.metadata.generation ?? 0, now: this.#deps.clock.now() }
    const requested = requestedAt(registry)
    let current = registry
    try {
      const spec = specOf(RegistrySpec, registry)
      this.#deps.objectMetrics.suspended(subjectOf(registry), spec.suspend)
      if (spec.suspend) return DONE

      const interval = parseDuration(spec.interval) ?? 0
      if (interval < MIN_INTERVAL_MS) {
        const value = JSON.stringify(spec.interval)
        throw new TallymanError(
          'SPEC_INVALID',
          `spec.interval: ${value} must be a duration of at least 1s, such as 5m`,
        )
      }
      current = await this.#begin(registry, stamp, signal)
      const ms = PROBE_LIMIT_MS
      const message = `the probe took longer than ${ms / 1000} s`
      const answer = await withTimeLimit(
        { clock: this.#deps.clock, signal, ms, message },
        async (limited) => {
          const opened = await this.#access.open(registry, limited)
          await this.#access.verifyCredentials(registry, limited)
          return opened
        },
      )
      const status = answeredStatus(current.status ?? {}, answer, stamp)
      await this.#write(current, status, { stamp, requested, signal })
      return { requeueAfterMs: jittered(interval, 0.05) }
    } catch (thrown) {
      const error = asTallymanError(thrown)
      const status = signal.aborted ? undefined : failedStatus(current.status ?? {}, error, stamp)
      if (status !== undefined) await this.#write(current, status, { stamp, requested, signal })
      if (signal.aborted) throw error
      // What the code calls final may still be mended outside of the spec: a right granted, a password changed.
      if (error.entry.retry === 'never' && error.code !== 'SPEC_INVALID') {
        return { requeueAfterMs: jittered(PROBE_BACKOFF.max, 0.2) }
      }
      throw error
    }
  }

  /** A spec that nothing was said about yet is Progressing while the registry is asked: it may take its time to answer. */
  async #begin(registry: RegistryObject, stamp: Stamp, signal: AbortSignal): Promise<RegistryObject> {
    const { status = {} } = registry
    if (getCondition(status.conditions ?? [], 'Ready')?.observedGeneration === stamp.generation)
      return registry
    // Nothing is told of it: that somebody works on a new spec is no news.
    this.#announced.before(registry)
    const next = { ...status, ...markProgressing(status, stamp, 'The registry is asked whether it answers') }
    const written = await this.#deps.status.write(REGISTRIES, registry, next, signal)
    this.#own.add(registry, written)
    this.#deps.objectMetrics.conditions(subjectOf(registry), next.conditions)
    return written
  }

  async #write(
    registry: RegistryObject,
    status: RegistryStatus,
    { stamp, requested, signal }: Pass,
  ): Promise<void> {
    const told = withWorkspace(status, this.#tries.of(registry), stamp)
    const next = requested === undefined ? told : { ...told, lastHandledReconcileAt: requested }
    const announced = this.#announced.before(registry)
    this.#own.add(registry, await this.#deps.status.write(REGISTRIES, registry, next, signal))
    this.#deps.objectMetrics.conditions(subjectOf(registry), next.conditions ?? [])
    this.#tell(registry, announced, next)
    this.#announced.set(registry, next)
  }

  #tell(registry: RegistryObject, announced: RegistryStatus | undefined, next: RegistryStatus): void {
    const before = said(announced)
    const now = said(next)
    if (now === undefined || (now.status === before?.status && now.reason === before.reason)) return
    const reason =
      now.status === 'True'
        ? 'RegistryReachable'
        : now.type === 'Stalled'
          ? 'SpecInvalid'
          : 'RegistryUnreachable'
    this.#deps.events.record(registry, reason, now.message)
  }
}

/** The condition that says most about the registry at the moment. */
function said(status: RegistryStatus | undefined): Condition | undefined {
  const conditions = status?.conditions ?? []
  return (
    getCondition(conditions, 'Stalled') ??
    getCondition(conditions, 'Reachable') ??
    getCondition(conditions, 'Ready')
  )
}

function answeredStatus(status: RegistryStatus, answer: OpenRegistry, stamp: Stamp): RegistryStatus {
  const { url, product, authenticated } = answer
  const how = authenticated ? 'with credentials' : 'anonymously'
  const marked = markReady(status, stamp, `${url} is understood and answers ${how}`)
  return {
    ...status,
    ...reachable(marked, 'True', 'Answered', `${url} answers ${how}`, stamp),
    url,
    product,
    authenticated,
  }
}

/** undefined: the error is not about the registry, and its status must not say so. */
function failedStatus(
  status: RegistryStatus,
  error: TallymanError,
  stamp: Stamp,
): RegistryStatus | undefined {
  if (error.code === 'SPEC_INVALID') {
    const marked = markStalled(status, stamp, 'SpecInvalid', error)
    return { ...status, ...marked, conditions: marked.conditions.filter(({ type }) => type !== 'Reachable') }
  }
  const reason = probeReason(error.code)
  if (reason === undefined) return undefined
  const reached = getCondition(status.conditions ?? [], 'Reachable')
  if (reached?.observedGeneration === stamp.generation) {
    const marked = markReady(
      status,
      stamp,
      'The spec is understood; whether the registry answers is the condition Reachable',
    )
    return { ...status, ...reachable(marked, 'False', reason, error.advice, stamp) }
  }
  const marked = markRetrying(status, stamp, reason, error)
  // What an older spec reached says nothing about this one.
  return { ...status, ...marked, conditions: marked.conditions.filter(({ type }) => type !== 'Reachable') }
}

function reachable(
  marked: Marked,
  status: 'True' | 'False',
  reason: ConditionReason,
  message: string,
  stamp: Stamp,
): Marked {
  return {
    ...marked,
    conditions: setCondition(marked.conditions, { type: 'Reachable', status, reason, message }, stamp),
  }
}

function subjectOf(registry: RegistryObject) {
  return { kind: REGISTRIES.kind, namespace: registry.metadata.namespace ?? '', name: registry.metadata.name }
}
