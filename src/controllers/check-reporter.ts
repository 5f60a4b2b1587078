import { repairTransitions, reportTransition, transitionOf } from '#controllers/check-transition.ts'
import type { ControllerDeps } from '#controllers/deps.ts'
import { REGISTRY_CHECKS, type RegistryCheckObject } from '#controllers/resources.ts'
import type { RegistryCheckStatus } from '#crds/registry-check.ts'
import type { Finding } from '#health/finding.ts'
import { Announced } from '#runtime/announced.ts'
import { getCondition } from '#runtime/conditions.ts'
import { parseKey } from '#runtime/object-key.ts'
import type { MetricSubject } from '#runtime/object-metrics.ts'
import { OwnWrites } from '#runtime/own-writes.ts'

/** How many harmful findings a run had that the one before had not, and the other way round. */
export interface News {
  readonly appeared: number
  readonly disappeared: number
}

/** Each finding is a series in the time series database of the user. */
const MAX_IMAGE_SERIES = 1_000
const MAX_LABEL = 512

const NO_NEWS: News = { appeared: 0, disappeared: 0 }

/**
 * Writes the status of RegistryChecks, records what changed as an event, and measures. The runs and the watch over the
 * age of reports share one: a run that takes long must not lose what it found because its last report was called outdated
 * meanwhile, and the event must follow what was told last by either.
 */
export class CheckReporter {
  readonly #deps: ControllerDeps
  readonly #announced = new Announced<RegistryCheckStatus>()
  readonly #own = new OwnWrites<RegistryCheckObject>()

  constructor(deps: ControllerDeps) {
    this.#deps = deps
  }

  /** The check as it is stored as far as we know: our last write may not have come back by the watch. */
  latest(check: RegistryCheckObject): RegistryCheckObject {
    return this.#own.latest(check)
  }

  /** The status that was told last; to be asked before work begins that may change it. */
  announced(check: RegistryCheckObject): RegistryCheckStatus | undefined {
    return this.#announced.before(check)
  }

  /**
   * @param compute the new status from the one that is stored; undefined: there is nothing to say
   * @returns the object as it is stored then
   * @throws KUBE_CONFLICT when the spec was changed since `check` was read; LEADERSHIP_LOST; KUBE_*
   */
  async write(
    check: RegistryCheckObject,
    compute: (status: RegistryCheckStatus) => RegistryCheckStatus | undefined,
    signal: AbortSignal,
    news: News = NO_NEWS,
  ): Promise<RegistryCheckObject> {
    // The first look at an object is what was told of it before this process.
    this.#announced.before(check)
    const written = await this.#deps.status.update(
      REGISTRY_CHECKS,
      check,
      (status) => compute(status ?? {}),
      signal,
    )
    if (written === undefined) return check
    this.#own.add(check, written)
    const status = written.status ?? {}
    this.measure(check, status)
    this.#tell(check, status, news)
    return written
  }

  /** Sets the gauges of a check to what its status says. */
  measure(check: RegistryCheckObject, status: RegistryCheckStatus): void {
    const { objectMetrics } = this.#deps
    const subject = checkSubject(check)
    const labels = { namespace: subject.namespace, name: subject.name }
    objectMetrics.conditions(subject, status.conditions ?? [])
    if (status.run === undefined) return
    const { healthy = 0, unhealthy = 0, unknown = 0 } = status.images ?? {}
    const states = Object.entries({ healthy, unhealthy, unknown })
    objectMetrics.set(
      subject,
      'tallyman_check_images',
      states.map(([state, value]) => ({ labels: { ...labels, state }, value })),
    )
    const counts = (status.findingCounts ?? []).map(({ code, severity, count }) => ({
      labels: { ...labels, code, severity },
      value: count,
    }))
    objectMetrics.set(subject, 'tallyman_check_findings', counts)
    const finished = Date.parse(status.run.finishedAt) / 1000
    objectMetrics.set(subject, 'tallyman_check_last_run_timestamp_seconds', [{ labels, value: finished }])
    objectMetrics.set(subject, 'tallyman_check_duration_seconds', [
      { labels, value: status.run.durationSeconds },
    ])
  }

  /** Shows which images the findings are about, or none of them. */
  measureImages(check: RegistryCheckObject, findings: readonly Finding[]): void {
    const subject = checkSubject(check)
    const { namespace, name } = subject
    const series = findings.slice(0, MAX_IMAGE_SERIES).map(({ use, code, severity }) => ({
      labels: { namespace, name, image: use.image.slice(0, MAX_LABEL), code, severity },
      value: 1,
    }))
    this.#deps.objectMetrics.set(subject, 'tallyman_check_image_info', series)
  }

  /** The check is gone. */
  forget(key: string): void {
    const { namespace = '', name } = parseKey(key)
    this.#announced.forget(key)
    this.#own.forget(key)
    this.#deps.objectMetrics.forget({ kind: REGISTRY_CHECKS.kind, namespace, name })
  }

  /** A term begins: another leader may have told more. */
  beginTerm(): void {
    this.#announced.forgetAll()
    this.#own.forgetAll()
  }

  #tell(check: RegistryCheckObject, status: RegistryCheckStatus, { appeared, disappeared }: News): void {
    const told = this.#announced.before(check)
    this.#announced.set(check, status)
    const stalled = getCondition(status.conditions ?? [], 'Stalled')
    const wasStalled = getCondition(told?.conditions ?? [], 'Stalled')
    if (stalled !== undefined && stalled.message !== wasStalled?.message) {
      this.#deps.events.record(check, 'SpecInvalid', stalled.message)
    }
    const transitions = [
      transitionOf(told, status, appeared, disappeared),
      ...repairTransitions(told?.repair, status.repair),
      reportTransition(told?.report, status.report),
    ]
    for (const transition of transitions) {
      if (transition !== undefined) this.#deps.events.record(check, transition.reason, transition.note)
    }
  }
}

export function checkSubject({ metadata }: RegistryCheckObject): MetricSubject {
  return { kind: REGISTRY_CHECKS.kind, namespace: metadata.namespace ?? '', name: metadata.name }
}
