import type { ClusterMemory } from '#inventory/cluster-memory.ts'

/** A first sight is written within 10 s: this long others are waited for, to be written with it. */
const GATHER_MS = 5_000
/** The head says until when a cluster was watched: a process that is killed leaves no gap that is longer (LONGEST_GAP_MS). */
const HEAD_EVERY_MS = 5 * 60_000
/** Refreshed sights are written this often. */
const ENTRIES_EVERY_MS = 60 * 60_000
/** After a start everything in use is noted within a minute: once written, a process that is killed often forgets nothing by it. */
const FIRST_ENTRIES_MS = 90_000

/** When what is remembered has to be written; all times are monotonic ms. */
export class SaveSchedule {
  #headSavedAt = Number.NEGATIVE_INFINITY
  #entriesSavedAt: number
  /** Which clusters the head named when it was written. */
  #clusters: string | undefined

  constructor(loadedAt: number) {
    this.#entriesSavedAt = loadedAt + FIRST_ENTRIES_MS - ENTRIES_EVERY_MS
  }

  /** `entries`: everything that changed; `head`: only until when the clusters were watched. */
  due(memories: readonly ClusterMemory[], now: number): 'entries' | 'head' | undefined {
    const isUrgent = memories.some(
      ({ firstUnsavedAt }) => firstUnsavedAt !== undefined && now - firstUnsavedAt >= GATHER_MS,
    )
    if (isUrgent || now - this.#entriesSavedAt >= ENTRIES_EVERY_MS) return 'entries'
    // Which cluster a name stands for, and that one was released, must not be forgotten.
    const isOther = this.#clusters !== clustersOf(memories)
    return isOther || now - this.#headSavedAt >= HEAD_EVERY_MS ? 'head' : undefined
  }

  saved(what: 'entries' | 'head', memories: readonly ClusterMemory[], now: number): void {
    this.#headSavedAt = now
    this.#clusters = clustersOf(memories)
    if (what === 'entries') this.#entriesSavedAt = now
  }
}

function clustersOf(memories: readonly ClusterMemory[]): string {
  return memories.map(({ identity, entries }) => `${identity} ${[...entries].join()}`).join(';')
}
