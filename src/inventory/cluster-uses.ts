import type { UsageRow } from '#inventory/aggregate.ts'
import { ClusterPools } from '#inventory/cluster-pools.ts'
import type { Sight } from '#inventory/ledger/ledger.ts'
import { SeenImages, type Sighting } from '#inventory/seen-images.ts'
import type { ContainerFilter, UsageCounters } from '#inventory/usage-pool.ts'
import { type HeldObject, UsageTable } from '#inventory/usage-table.ts'

/** A sight of an image, and when that was. */
export interface SeenImage extends Sight {
  /**
   * Nothing but finished pods was seen with it, and nothing else uses it: when the last of them finished, ms since the
   * epoch, up to a minute late. Absent: it is or was in use when it was seen.
   */
  readonly finishedAt?: number | undefined
}

/** An object that uses one of the images asked for. */
export interface ObjectUse extends HeldObject {
  /** Shared by objects that are alike; of its containers, those asked for. */
  readonly row: UsageRow
}

/** Which images are meant: by their texts as written, by digest, or both. */
export interface ImageQuery {
  readonly images?: Iterable<string>
  /** Digests of manifests, indexes or configs that run, that nodes cache, or that references name. */
  readonly digests?: Iterable<string>
}

/** A cluster's uses under its name. */
export interface NamedUses {
  readonly name: string
  readonly uses: ClusterUses
}

/** Who uses which image in one cluster: a table for each source, which share what they hold. */
export class ClusterUses {
  readonly #pools = new ClusterPools()
  readonly #tables = new Map<string, UsageTable>()

  /** The table of a source, made at the first call. */
  table(source: string): UsageTable {
    const table = this.#tables.get(source) ?? new UsageTable(this.#pools)
    this.#tables.set(source, table)
    return table
  }

  /** The source is no longer watched: what it held goes, and what still comes in through its table is ignored. */
  drop(source: string): void {
    this.#tables.get(source)?.close()
    this.#tables.delete(source)
  }

  /** None of the sources is watched any longer. */
  clear(): void {
    for (const source of [...this.#tables.keys()]) this.drop(source)
  }

  /** Grows with every change of what `usages` yields. */
  get version(): number {
    return this.#pools.changes.version
  }

  /** How often an image went out of use so far. */
  get retiredImages(): number {
    return this.#pools.usages.retiredImages
  }

  /** The images that went out of use since there were `count`, some of which may be back; undefined: too many to know. */
  retiredSince(count: number): string[] | undefined {
    return this.#pools.usages.retiredSince(count)
  }

  /** Distinct images in use, as they are written. */
  get images(): number {
    return this.#pools.usages.counters.images
  }

  /** Objects whose use is `pod`. */
  get pods(): number {
    return this.#pools.usages.pods
  }

  /** What is held, in logical units; all zero where nothing is, whatever went through it. */
  get counters(): UsageCounters & {
    readonly objects: number
    readonly pods: number
    readonly owners: number
    readonly texts: number
    readonly textBytes: number
  } {
    const { usages, owners, texts } = this.#pools
    return {
      ...usages.counters,
      objects: [...this.#tables.values()].reduce((sum, { size }) => sum + size, 0),
      pods: this.pods,
      owners: owners.size,
      texts: texts.size,
      textBytes: texts.bytes,
    }
  }

  /** Whether something uses `image`, as written. O(1) in the number of objects. */
  has(image: string): boolean {
    return this.#pools.usages.findImage(image) !== undefined
  }

  /** All usages with their number of objects. Where something changes during the walk: see `imagesMovedSince`. */
  usages(cluster: string): Iterable<UsageRow> {
    return this.#pools.rows.all(cluster)
  }

  /** Of `images`, all there is to know: the usages that name them, containers with other images left out. The same holds. */
  usagesOf(cluster: string, images: Iterable<string>): Iterable<UsageRow> {
    return this.#pools.rows.naming(cluster, this.#marked(images))
  }

  /** The images in use of which something changed after `version`. Those no longer in use are not among them. */
  imagesChangedSince(version: number): string[] {
    this.#pools.markOwned()
    return this.#textsOf(this.#pools.changes.changedSince(version))
  }

  /** Those, and all of which a walk over `usages` that began at `version` and went on over changes may know too much or too little. */
  imagesMovedSince(version: number): string[] {
    this.#pools.markOwned()
    return this.#textsOf(this.#pools.changes.movedSince(version))
  }

  /** The objects that use one of the images asked for. O(objects). Not to be walked over a change. */
  *objectsUsing(cluster: string, query: ImageQuery): Generator<ObjectUse> {
    for (const batch of this.objectBatches(cluster, query, Number.POSITIVE_INFINITY)) yield* batch
  }

  /**
   * The same for who must not hold up the event loop: between two batches, the cluster may change. What is there all the time is in at least one
   * of them, as it is then.
   * @param size of a batch, in objects looked at and containers read; 2,500 take about 5 ms
   */
  *objectBatches(cluster: string, query: ImageQuery, size: number): Generator<ObjectUse[]> {
    const asked = { images: [...(query.images ?? [])], digests: [...(query.digests ?? [])] }
    let { version } = this
    let rowOf = this.#wantedRows(cluster, asked)
    let batch: ObjectUse[] = []
    let done = 0
    for (const table of [...this.#tables.values()]) {
      // Backwards: where an object goes, the last one comes into its place, and that was looked at before.
      for (let at = table.size - 1; at >= 0; at = Math.min(at, table.size) - 1) {
        const row = rowOf(table.usageAt(at))
        if (row !== undefined) batch.push({ row, ...table.objectAt(at) })
        done += 1 + (row?.containers.length ?? 0)
        if (done < size) continue
        yield batch
        batch = []
        done = 0
        if (version === this.version) continue
        version = this.version
        rowOf = this.#wantedRows(cluster, asked)
      }
    }
    yield batch
  }

  /** Reads the usages that name one of the images asked for, each once. Not to be used over a change. */
  #wantedRows(cluster: string, query: ImageQuery): (usage: number) => UsageRow | undefined {
    const { usages, rows } = this.#pools
    const wanted = this.#filter(query)
    const read = rows.reader(cluster, wanted)
    const known: (UsageRow | null | undefined)[] = []
    return (id) => {
      let row = known[id]
      if (row === undefined) {
        row = usages.some(id, wanted) ? read(id) : null
        known[id] = row
      }
      return row ?? undefined
    }
  }

  /**
   * When the last pod with it finished, of each image that only finished pods use; ms since the epoch, up to a minute
   * late. O(objects).
   */
  lastFinishes(): Map<string, number> {
    const { usages } = this.#pools
    const isUsedElse = new Uint8Array(usages.imageIdEnd)
    for (let id = 0; id < usages.idEnd; id++) {
      if (usages.count(id) === 0 || usages.head(id).finished) continue
      usages.forEachImage(id, (image) => {
        isUsedElse[image] = 1
      })
    }
    const latest = new Map<number, number>()
    for (const table of this.#tables.values()) {
      table.forEachFinished((usage, finishedAt) => {
        usages.forEachImage(usage, (image) => {
          if (isUsedElse[image] === 0) latest.set(image, Math.max(latest.get(image) ?? 0, finishedAt))
        })
      })
    }
    return new Map([...latest].map(([image, finishedAt]) => [usages.image(image), finishedAt]))
  }

  /** Usages that appeared, are still held, and that `takeSeen` has not taken yet. */
  get unseen(): number {
    return this.#pools.journal.left
  }

  /**
   * Everything that appeared since the last call, once for each image, also what is gone again.
   * @param most of what is still held, so many containers; the next call goes on
   */
  takeSeen(most?: number): SeenImage[] {
    return this.#dated(this.#pools.journal.take(this.#pools.rows.reader(''), most))
  }

  /**
   * Everything that is in use now, once for each image. It takes long where there is much, so it can be had in parts:
   * an image is in the same part as long as it is in use.
   */
  seenNow(part = 0, parts = 1): SeenImage[] {
    const seen = new SeenImages()
    const isPart = new Uint8Array(this.#pools.usages.imageIdEnd)
    for (let image = part; image < isPart.length; image += parts) isPart[image] = 1
    for (const row of this.#pools.rows.naming('', isPart)) seen.add(row)
    return this.#dated(seen.list)
  }

  #dated(seen: readonly Sighting[]): SeenImage[] {
    const finishes = seen.some(({ finishedOnly }) => finishedOnly) ? this.lastFinishes() : undefined
    return seen.map(({ finishedOnly, ...sight }) => ({
      ...sight,
      finishedAt: finishedOnly ? finishes?.get(sight.image) : undefined,
    }))
  }

  #textsOf(ids: readonly number[]): string[] {
    const { usages } = this.#pools
    return ids.filter((id) => usages.isImage(id)).map((id) => usages.image(id))
  }

  /** By their ids: 1 for each of `images` that is in use. */
  #marked(images: Iterable<string>): Uint8Array {
    const { usages } = this.#pools
    const isMarked = new Uint8Array(usages.imageIdEnd)
    for (const image of images) {
      const id = usages.findImage(image)
      if (id !== undefined) isMarked[id] = 1
    }
    return isMarked
  }

  #filter({ images = [], digests = [] }: ImageQuery): ContainerFilter {
    const { usages } = this.#pools
    const isWanted = this.#marked(images)
    const asked = new Set(digests)
    if (asked.size > 0) {
      for (const id of usages.imageIds()) {
        const [, digest] = usages.image(id).split('@')
        if (digest !== undefined && asked.has(digest)) isWanted[id] = 1
      }
    }
    const wantedDigests = new Set([...asked].flatMap((digest) => usages.findDigest(digest) ?? []))
    if (wantedDigests.size === 0) return (image) => isWanted[image] === 1
    return (image, digest) => isWanted[image] === 1 || wantedDigests.has(digest)
  }
}
