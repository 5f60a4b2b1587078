import { Ledger, type LedgerEntry, type Sight } from '#inventory/ledger/ledger.ts'
import { type Moment, type WatchedRecord, WatchedTime } from '#inventory/ledger/watched-time.ts'
import { type Baseline, ShrinkGuard } from '#inventory/trust/shrink-guard.ts'

/** What is remembered of a cluster, as it is stored. */
export interface ClusterRecord {
  /** UID of its `kube-system` namespace. */
  readonly identity: string
  /** The last name that it goes by. */
  readonly name: string
  /** Every entry of the inventory for which it was taken: another cluster that answers there is not the one that is meant (S05). */
  readonly entries: readonly string[]
  readonly watched: WatchedRecord
  readonly baseline?: Baseline | undefined
}

const NEVER_WATCHED: WatchedRecord = { watchedMs: 0, coveredMs: 0, watchedUntil: 0 }

/** What is remembered of a cluster, whatever it is called and whether it is still watched. */
export class ClusterMemory {
  readonly identity: string
  /** For people. */
  name: string
  readonly entries: Set<string>
  readonly watched: WatchedTime
  readonly guard: ShrinkGuard
  readonly ledger: Ledger
  #unsaved = new Set<string>()
  #firstUnsavedAt: number | undefined

  constructor(record: ClusterRecord, images: Iterable<LedgerEntry> = []) {
    const { identity, name, entries, watched, baseline } = record
    this.identity = identity
    this.name = name
    this.entries = new Set(entries)
    this.watched = new WatchedTime(watched)
    this.guard = new ShrinkGuard(baseline)
    this.ledger = new Ledger(images)
  }

  /** A cluster that is seen for the first time. */
  static of(identity: string, name: string): ClusterMemory {
    return new ClusterMemory({ identity, name, entries: [], watched: NEVER_WATCHED })
  }

  get record(): ClusterRecord {
    const { identity, name, entries, watched, guard } = this
    return { identity, name, entries: [...entries], watched: watched.record, baseline: guard.baseline }
  }

  /** When the oldest first sight that is not saved yet was made; monotonic ms. Refreshed sights have time. */
  get firstUnsavedAt(): number | undefined {
    return this.#firstUnsavedAt
  }

  /** @param ageMs how long ago it was; 0: it is used now */
  see(sight: Sight, now: Moment, ageMs = 0): void {
    const time = { wall: now.wall - ageMs, watched: this.watched.watchedMs - ageMs }
    const news = this.ledger.see(sight, time)
    if (news === undefined) return
    this.#unsaved.add(sight.image)
    if (news === 'first') this.#firstUnsavedAt ??= now.monotonic
  }

  expire(retainMs: number, isLive: (image: string) => boolean): void {
    for (const image of this.ledger.expire(this.watched.watchedMs, retainMs, isLive)) this.#unsaved.add(image)
  }

  /** Adds what another memory of the same cluster knows; on conflict the later sight holds. */
  unite(other: ClusterMemory, now: Moment): void {
    const ahead = this.watched.watchedMs - other.watched.watchedMs
    for (const entry of other.ledger.entries()) {
      this.ledger.unite(entry, ahead)
      this.#unsaved.add(entry.image)
    }
    if (other.ledger.size > 0) this.#firstUnsavedAt ??= now.monotonic
  }

  /** The images whose entries have changed since they were taken last. */
  takeUnsaved(): ReadonlySet<string> {
    const taken = this.#unsaved
    this.#unsaved = new Set()
    this.#firstUnsavedAt = undefined
    return taken
  }

  /** What was taken could not be saved. */
  putBack(images: Iterable<string>, now: Moment): void {
    for (const image of images) this.#unsaved.add(image)
    if (this.#unsaved.size > 0) this.#firstUnsavedAt ??= now.monotonic
  }
}
