import type { Clock } from '#time/clock.ts'
import type { Ended } from './eviction.ts'

export type ExecutionStage = 'Copying' | 'Untagging' | 'Sweeping' | 'Verifying'

/** What became of what was to go, so far. */
export interface ExecutionCounts {
  /** Tags that were to go. */
  readonly bindings: number
  /** Manifests that were to go once no tag names them. */
  readonly digests: number
  /** Tags and manifests that are gone. */
  readonly untagged: number
  readonly swept: number
  /** Tags and manifests that stayed after all: used, moved, needed by something, or not readable. */
  readonly spared: number
  /** Manifests of which the trash holds a copy. */
  readonly trashed: number
}

export interface ExecutionProgress {
  readonly stage: ExecutionStage
  readonly counts: ExecutionCounts
  /** Of the stage: copies, tags, manifests or repositories that are done, and that are left. */
  readonly done: number
  readonly left: number
  /** Of the last minute in which something was done; undefined: it is too early to say. */
  readonly perMinute: number | undefined
  /** How long the stage will take at that rate, in milliseconds. */
  readonly timeLeftMs: number | undefined
}

/** A rate is said after so long. */
const SETTLED_MS = 5_000
const MINUTE_MS = 60_000
/** Progress is told so often at most, but for the beginning and the end of a stage. */
const TELL_EVERY_MS = 1_000

/** Counts what ends, and tells of it. */
export class ProgressMeter {
  readonly #clock: Clock
  readonly #tell: (progress: ExecutionProgress) => void
  #counts: ExecutionCounts
  #stage: ExecutionStage = 'Copying'
  #done = 0
  #total = 0
  /** When something was done, and how many by then, of the last minute; the first one is the beginning. */
  #marks: { readonly at: number; readonly done: number }[] = []
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(
    clock: Clock,
    planned: Pick<ExecutionCounts, 'bindings' | 'digests'>,
    tell: (progress: ExecutionProgress) => void,
  ) {
    this.#clock = clock
    this.#tell = tell
    this.#counts = { ...planned, untagged: 0, swept: 0, spared: 0, trashed: 0 }
  }

  get counts(): ExecutionCounts {
    return this.#counts
  }

  /** @param total of what is to be done in it */
  begin(stage: ExecutionStage, total: number): void {
    this.#stage = stage
    this.#done = 0
    this.#total = total
    this.#marks = [{ at: this.#clock.monotonic(), done: 0 }]
    this.#say()
  }

  end(): void {
    this.#say()
  }

  ended({ tag, outcome }: Ended): void {
    const { untagged, swept, spared } = this.#counts
    const isGone = outcome === 'untagged' || outcome === 'swept' || outcome === 'gone'
    if (!isGone) this.#counts = { ...this.#counts, spared: spared + 1 }
    else if (tag === undefined) this.#counts = { ...this.#counts, swept: swept + 1 }
    else this.#counts = { ...this.#counts, untagged: untagged + 1 }
    this.did(1)
  }

  trashed(count: number): void {
    this.#counts = { ...this.#counts, trashed: this.#counts.trashed + count }
  }

  did(count: number): void {
    const at = this.#clock.monotonic()
    this.#done += count
    const last = this.#marks.at(-1)
    // A mark a second is enough.
    if (last === undefined || at - last.at >= 1_000) this.#marks.push({ at, done: this.#done })
    while (this.#marks.length > 2 && at - (this.#marks[1]?.at ?? at) > MINUTE_MS) this.#marks.shift()
    if (at - this.#toldAt >= TELL_EVERY_MS) this.#say()
  }

  #say(): void {
    const now = this.#clock.monotonic()
    this.#toldAt = now
    const left = Math.max(0, this.#total - this.#done)
    const [first] = this.#marks
    const passed = first === undefined ? 0 : now - first.at
    const perMs = first === undefined || passed < SETTLED_MS ? 0 : (this.#done - first.done) / passed
    this.#tell({
      stage: this.#stage,
      counts: this.#counts,
      done: this.#done,
      left,
      perMinute: perMs === 0 ? undefined : Math.round(perMs * MINUTE_MS),
      timeLeftMs: perMs === 0 ? undefined : left / perMs,
    })
  }
}
