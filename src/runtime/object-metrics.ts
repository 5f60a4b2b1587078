import type { Condition } from '#crds/meta.ts'
import type { GaugeName, LabelsOf, Metrics } from '#runtime/metrics.ts'

export interface MetricSubject {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

type Removals = Map<GaugeName, Map<string, () => void>>

const STATUSES = ['True', 'False', 'Unknown'] as const

/**
 * Gauges that belong to an object. Each call states all series of one gauge for one object: those of before that are
 * not among them are removed, and forget() removes all, so that no series outlives what it speaks about. Only the leader
 * has any: whoever stops leading forgets all, or two replicas would count one object twice.
 */
export class ObjectMetrics {
  readonly #metrics: Metrics
  /** By object: gauge → how to remove each series that was set, by its labels. */
  readonly #removals = new Map<string, Removals>()

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  set<N extends GaugeName>(
    subject: MetricSubject,
    gauge: N,
    series: readonly { readonly labels: LabelsOf<N>; readonly value: number }[],
  ): void {
    const id = idOf(subject)
    const gauges: Removals = this.#removals.get(id) ?? new Map()
    this.#removals.set(id, gauges)
    const before = gauges.get(gauge) ?? new Map<string, () => void>()
    const now = new Map<string, () => void>()
    for (const { labels, value } of series) {
      now.set(JSON.stringify(labels), () => this.#metrics.remove(gauge, labels))
      this.#metrics.set(gauge, labels, value)
    }
    for (const [labels, remove] of before) if (!now.has(labels)) remove()
    gauges.set(gauge, now)
  }

  /** 1 for the status that each condition has, 0 for the two others. */
  conditions(subject: MetricSubject, conditions: readonly Pick<Condition, 'type' | 'status'>[]): void {
    const series = conditions.flatMap(({ type, status }) =>
      STATUSES.map((each) => ({
        labels: { ...subject, type, status: each },
        value: each === status ? 1 : 0,
      })),
    )
    this.set(subject, 'tallyman_resource_condition', series)
  }

  suspended(subject: MetricSubject, suspended: boolean): void {
    this.set(subject, 'tallyman_resource_suspended', [{ labels: { ...subject }, value: suspended ? 1 : 0 }])
  }

  /** The object is gone. */
  forget(subject: MetricSubject): void {
    const id = idOf(subject)
    removeAll(this.#removals.get(id))
    this.#removals.delete(id)
  }

  /** A term has ended. */
  forgetAll(): void {
    for (const gauges of this.#removals.values()) removeAll(gauges)
    this.#removals.clear()
  }
}

function removeAll(gauges: Removals = new Map()): void {
  for (const series of gauges.values()) for (const remove of series.values()) remove()
}

function idOf({ kind, namespace, name }: MetricSubject): string {
  return `${kind}/${namespace}/${name}`
}
