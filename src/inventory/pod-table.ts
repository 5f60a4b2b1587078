import type { UsageRow } from '#inventory/aggregate.ts'
import { ChangeStamps } from '#inventory/change-stamps.ts'
import type { PodRow } from '#inventory/pod-row.ts'
import { StringPool } from '#inventory/string-pool.ts'
import { UidIndex } from '#inventory/uid-index.ts'
import { usageOf } from '#inventory/usage.ts'
import { type UsageCounters, UsagePool } from '#inventory/usage-pool.ts'

const INITIAL_ROWS = 64
const GROWTH = 1.25

/** What tells one pod from another. */
export type PodIdentity = Pick<PodRow, 'uid' | 'namespace' | 'name'>

/** A full list on its way in. Calls after commit or abort, or after a later beginReplace, do nothing. */
export interface Replacement {
  add(pod: PodRow): void
  /** The list is complete: pods that were neither added nor changed since it began are dropped. */
  commit(): void
  /** The list broke off: nothing is dropped. */
  abort(): void
}

/**
 * The pods of one cluster in less than 250 bytes each: columns of numbers, found by uid. The last call for a uid wins.
 * A relist marks and sweeps in place: what it names counts from that moment, what it does not name stays until the
 * list is complete, so an image in use is at no time missing for lack of a page.
 */
export class PodTable {
  readonly #uids = new UidIndex()
  readonly #texts = new StringPool()
  readonly #usages = new UsagePool(this.#texts)
  readonly #changes = new ChangeStamps()
  /** What a pod's name adds to that of its workload, which it nearly always begins with. */
  #suffixes = new Uint32Array(INITIAL_ROWS)
  #usage = new Uint32Array(INITIAL_ROWS)
  /** 1: seen since the open replacement began. Meaningless while none is open. */
  #seen = new Uint8Array(INITIAL_ROWS)
  #replacement: object | undefined

  /** Pods held. */
  get size(): number {
    return this.#uids.size
  }

  /** Grows with every change of what `usages` yields. */
  get version(): number {
    return this.#changes.version
  }

  /** How often an image went out of use so far. */
  get retiredImages(): number {
    return this.#usages.retiredImages
  }

  /** What is held, in logical units; all zero in an empty table, whatever went through it. */
  get counters(): UsageCounters & {
    readonly pods: number
    readonly texts: number
    readonly textBytes: number
  } {
    return {
      ...this.#usages.counters,
      pods: this.size,
      texts: this.#texts.size,
      textBytes: this.#texts.bytes,
    }
  }

  /** Whether a pod names `image`, as written. O(1) in the number of pods. */
  has(image: string): boolean {
    return this.#usages.findImage(image) !== undefined
  }

  upsert(pod: PodRow): void {
    const key = keyOf(pod)
    const held = usageOf(pod)
    const usage = this.#usages.acquire(held)
    const suffix = this.#texts.acquire(suffixOf(pod.name, held.workload.name))
    let row = this.#uids.find(key)
    if (row === undefined) {
      row = this.#uids.add(key)
      if (row >= this.#usage.length) this.#resize(Math.ceil(row * GROWTH))
      this.#changed(usage)
    } else {
      const before = this.#usage[row] ?? 0
      if (before !== usage) {
        this.#changed(before)
        this.#changed(usage)
      }
      this.#usages.release(before)
      this.#texts.release(this.#suffixes[row] ?? 0)
    }
    this.#suffixes[row] = suffix
    this.#usage[row] = usage
    this.#seen[row] = 1
  }

  remove(pod: PodIdentity): void {
    const row = this.#uids.find(keyOf(pod))
    if (row !== undefined) this.#drop(row)
  }

  beginReplace(): Replacement {
    const token = {}
    this.#replacement = token
    this.#seen.fill(0)
    const isOpen = () => this.#replacement === token
    return {
      add: (pod) => {
        if (isOpen()) this.upsert(pod)
      },
      commit: () => {
        if (isOpen()) this.#sweep()
      },
      abort: () => {
        if (isOpen()) this.#replacement = undefined
      },
    }
  }

  /** All usages with their number of pods. Not to be walked over a change. */
  usages(cluster: string): Iterable<UsageRow> {
    return this.#usages.rows(cluster)
  }

  /** Of `images`, all there is to know: the usages that name them, containers with other images left out. */
  usagesOf(cluster: string, images: Iterable<string>): Iterable<UsageRow> {
    const ids = new Set<number>()
    for (const image of images) {
      const id = this.#usages.findImage(image)
      if (id !== undefined) ids.add(id)
    }
    return this.#usages.rows(cluster, ids)
  }

  /** The images in use of which something changed after `version`. Those no longer in use are not among them. */
  *imagesChangedSince(version: number): Generator<string> {
    for (const id of this.#usages.imageIds()) {
      if (this.#changes.changedSince(id, version)) yield this.#usages.image(id)
    }
  }

  /** Up to `limit` pods that name `image`. O(pods). */
  podsUsing(image: string, limit: number): { namespace: string; name: string }[] {
    const pods: { namespace: string; name: string }[] = []
    const wanted = this.#usages.findImage(image)
    if (wanted === undefined) return pods
    for (let row = 0; row < this.size && pods.length < limit; row++) {
      const usage = this.#usage[row] ?? 0
      if (!this.#usages.names(usage, wanted)) continue
      const suffix = this.#texts.text(this.#suffixes[row] ?? 0)
      pods.push({
        namespace: this.#usages.namespaceOf(usage),
        name: nameOf(suffix, this.#usages.workloadNameOf(usage)),
      })
    }
    return pods
  }

  #changed(usage: number): void {
    this.#changes.advance()
    this.#usages.forEachImage(usage, (image) => this.#changes.mark(image))
  }

  #sweep(): void {
    this.#replacement = undefined
    // Backwards: dropping a row moves the last one, which was looked at before, into its place.
    for (let row = this.size - 1; row >= 0; row--) if (this.#seen[row] === 0) this.#drop(row)
    this.#trim()
  }

  #drop(row: number): void {
    const usage = this.#usage[row] ?? 0
    this.#changed(usage)
    this.#texts.release(this.#suffixes[row] ?? 0)
    this.#usages.release(usage)
    this.#uids.removeRow(row)
    const last = this.size
    this.#suffixes[row] = this.#suffixes[last] ?? 0
    this.#usage[row] = this.#usage[last] ?? 0
    this.#seen[row] = this.#seen[last] ?? 0
    if (this.#usage.length > INITIAL_ROWS && last * 4 < this.#usage.length) this.#resize(last * 2)
  }

  /** After a full list the size is near what it will stay: gives back what growing reserved ahead of need. */
  #trim(): void {
    this.#resize(this.size)
    this.#uids.trim()
    this.#texts.trim()
    this.#usages.trim()
  }

  #resize(rows: number): void {
    const length = Math.max(rows, INITIAL_ROWS)
    this.#suffixes = copied(this.#suffixes, new Uint32Array(length))
    this.#usage = copied(this.#usage, new Uint32Array(length))
    this.#seen = copied(this.#seen, new Uint8Array(length))
  }
}

function copied<A extends Uint8Array | Uint32Array>(from: A, to: A): A {
  to.set(from.subarray(0, Math.min(from.length, to.length)))
  return to
}

/** The uid; for an object without one, which no API server sends, its name, so that two never count as one. */
function keyOf(pod: PodIdentity): string {
  return pod.uid === '' ? `${pod.namespace}/${pod.name}` : pod.uid
}

const WHOLE_NAME = '/'

/** What follows the workload's name; a name that does not begin with it, whole after a `/`, which no name holds. */
function suffixOf(name: string, workload: string): string {
  return name.startsWith(workload) ? name.slice(workload.length) : WHOLE_NAME + name
}

function nameOf(suffix: string, workload: string): string {
  return suffix.startsWith(WHOLE_NAME) ? suffix.slice(WHOLE_NAME.length) : workload + suffix
}
