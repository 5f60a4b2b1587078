import { keptBy } from '#clusters/using-workload.ts'
import { usingPod } from '#inventory/pod-row.ts'
import type { UsageTable } from '#inventory/usage-table.ts'
import type { UsingObject } from '#inventory/using-object.ts'
import type { ReflectorSink, ReplaceSession } from '#kube/list-collector.ts'
import type { PodProjection } from '#kube/pod-projection.ts'
import type { Clock } from '#time/clock.ts'

export interface PodSourceOptions {
  readonly table: UsageTable
  /** Takes in what pods say that they need besides their own images (annotation tallyman.dev/keep). */
  readonly kept: UsageTable
  /** The time in the cluster: pods are dated by their nodes. */
  readonly clock: Pick<Clock, 'now'>
  /** For how long a pod counts after it finished, ms; absent: as long as it exists. */
  readonly retainMs?: number | undefined
  /** Called after each change of what the table says; must not throw. */
  readonly onChange: () => void
}

/**
 * Feeds the pods of one cluster into their table. Finished pods count as well, for a time: their images are what a
 * restart pulls. Of a list under way, every pod counts from the moment that it arrives (see UsageTable).
 */
export class PodSource implements ReflectorSink<PodProjection> {
  readonly #table: UsageTable
  readonly #kept: UsageTable
  readonly #clock: Pick<Clock, 'now'>
  readonly #retainMs: number
  readonly #onChange: () => void

  constructor({ table, kept, clock, retainMs = Number.POSITIVE_INFINITY, onChange }: PodSourceOptions) {
    this.#table = table
    this.#kept = kept
    this.#clock = clock
    this.#retainMs = retainMs
    this.#onChange = onChange
  }

  upsert(pod: PodProjection): void {
    this.#noticing(() => {
      const { object, kept } = this.#read(pod)
      if (object === undefined) this.#table.remove(pod)
      else this.#table.upsert(object)
      if (kept === undefined) this.#kept.remove(pod)
      else this.#kept.upsert(kept)
    })
  }

  remove(pod: PodProjection): void {
    this.#noticing(() => {
      this.#table.remove(pod)
      this.#kept.remove(pod)
    })
  }

  beginReplace(): ReplaceSession<PodProjection> {
    const pods = this.#table.beginReplace()
    const keeps = this.#kept.beginReplace()
    return {
      add: (pod) =>
        this.#noticing(() => {
          const { object, kept } = this.#read(pod)
          if (object !== undefined) pods.add(object)
          if (kept !== undefined) keeps.add(kept)
        }),
      commit: () =>
        this.#noticing(() => {
          pods.commit()
          keeps.commit()
        }),
      abort: () => {
        pods.abort()
        keeps.abort()
      },
    }
  }

  /** Lets go of the pods that finished longer ago than they count: time alone makes them go. */
  sweep(): void {
    const before = this.#clock.now() - this.#retainMs
    this.#noticing(() => {
      this.#table.expireFinished(before)
      this.#kept.expireFinished(before)
    })
  }

  /** A pod that finished longer ago than it counts uses nothing. */
  #read(pod: PodProjection): { object: UsingObject | undefined; kept: UsingObject | undefined } {
    const now = this.#clock.now()
    const object = usingPod(pod, now)
    const { finishedAt = now } = object
    if (now - finishedAt > this.#retainMs) return { object: undefined, kept: undefined }
    const kept = keptBy(pod, 'Pod')
    return { object, kept: kept && { ...kept, finishedAt: object.finishedAt } }
  }

  #noticing(change: () => void): void {
    const before = this.#table.version
    change()
    if (this.#table.version !== before) this.#onChange()
  }
}
