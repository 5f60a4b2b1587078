import type { ClusterPools } from '#inventory/cluster-pools.ts'
import { ownerOf } from '#inventory/owner.ts'
import { standsBetween } from '#inventory/owner-index.ts'
import { PodColumns } from '#inventory/pod-columns.ts'
import { UidIndex } from '#inventory/uid-index.ts'
import { usageOf } from '#inventory/usage.ts'
import type { UsingObject } from '#inventory/using-object.ts'

const INITIAL_ROWS = 64
const GROWTH = 1.25

// Flags of a row.
/** Seen since the open replacement began. Meaningless while none is open. */
const SEEN = 1
/** Held by the index of owners, as a ReplicaSet or as a Job. */
const HELD_REPLICA_SET = 2
const HELD_JOB = 4

/** What tells one object from another. */
export type ObjectIdentity = Pick<UsingObject, 'uid' | 'namespace' | 'name'>

/** A full list on its way in. Calls after commit or abort, or after a later beginReplace, do nothing. */
export interface Replacement {
  add(object: UsingObject): void
  /** The list is complete: objects that were neither added nor changed since it began are dropped. */
  commit(): void
  /** The list broke off: nothing is dropped. */
  abort(): void
}

/** One object as a table holds it. */
export interface HeldObject {
  readonly name: string
  /** Empty for what is no pod, or not scheduled. */
  readonly node: string
  /** Empty for what is no pod. */
  readonly phase: string
  /** Of finished pods, ms since the epoch, up to a minute late. */
  readonly finishedAt: number | undefined
}

/**
 * The objects of one source of one cluster: columns of numbers, found by uid; pods take less than 250 bytes each, what
 * they share with others included. The last call for a uid wins, so an object has one row in a table: what uses images
 * in two ways goes into two tables. A relist marks and sweeps in place: what it names counts from that moment, what it
 * does not name stays until the list is complete, so an image in use is at no time missing for lack of a page.
 */
export class UsageTable {
  readonly #pools: ClusterPools
  readonly #uids = new UidIndex()
  /** What an object's name adds to that of its owner, which it nearly always begins with. */
  #suffixes = new Uint32Array(INITIAL_ROWS)
  #usages = new Uint32Array(INITIAL_ROWS)
  #flags = new Uint8Array(INITIAL_ROWS)
  /** Only where there are pods, or what they keep. */
  #pods: PodColumns | undefined
  #replacement: object | undefined
  #closed = false

  constructor(pools: ClusterPools) {
    this.#pools = pools
  }

  /** Objects held. */
  get size(): number {
    return this.#uids.size
  }

  /** That of the cluster: grows with every change of what any of its tables says about images. */
  get version(): number {
    return this.#pools.changes.version
  }

  upsert(object: UsingObject): void {
    if (this.#closed) return
    const key = keyOf(object)
    const usage = usageOf(object)
    const id = this.#pools.acquire(usage)
    const suffix = this.#pools.texts.acquire(suffixOf(object.name, usage.owner.name))
    const held = this.#learnOwner(object)
    let row = this.#uids.find(key)
    if (row === undefined) {
      row = this.#uids.add(key)
      if (row >= this.#usages.length) this.#resize(Math.ceil(row * GROWTH))
      this.#pools.changed(id)
    } else {
      this.#pools.replaced(this.#usages[row] ?? 0, id)
      this.#releaseRow(row)
    }
    this.#suffixes[row] = suffix
    this.#usages[row] = id
    this.#flags[row] = SEEN | held
    if (object.use === 'pod' || object.finishedAt !== undefined) {
      this.#pods ??= new PodColumns(this.#pools.texts, this.#usages.length)
    }
    this.#pods?.put(row, object)
  }

  remove(object: ObjectIdentity): void {
    const row = this.#uids.find(keyOf(object))
    if (row !== undefined) this.#drop(row)
  }

  beginReplace(): Replacement {
    const token = {}
    this.#replacement = token
    for (let row = 0; row < this.size; row++) this.#flags[row] = (this.#flags[row] ?? 0) & ~SEEN
    const isOpen = () => this.#replacement === token
    return {
      add: (object) => {
        if (isOpen()) this.upsert(object)
      },
      commit: () => {
        if (isOpen()) this.#sweep()
      },
      abort: () => {
        if (isOpen()) this.#replacement = undefined
      },
    }
  }

  /** Drops the pods that finished before `beforeMs` (ms since the epoch). @returns how many */
  expireFinished(beforeMs: number): number {
    const before = this.size
    for (let row = before - 1; row >= 0; row--) {
      if ((this.#pods?.finishedAt(row) ?? Number.POSITIVE_INFINITY) < beforeMs) this.#drop(row)
    }
    return before - this.size
  }

  /** Drops everything. From now on no call takes anything in. */
  close(): void {
    this.#closed = true
    this.#replacement = undefined
    for (let row = this.size - 1; row >= 0; row--) this.#drop(row)
    this.#trim()
  }

  /**
   * The usage of the object at a place below `size`. Where an object is dropped, the last one takes its place; otherwise each stays where it is.
   */
  usageAt(place: number): number {
    return this.#usages[place] ?? 0
  }

  /** The object at a place below `size`. */
  objectAt(place: number): HeldObject {
    return {
      name: this.#nameOf(place),
      node: this.#pods?.node(place) ?? '',
      phase: this.#pods?.phase(place) ?? '',
      finishedAt: this.#pods?.finishedAt(place),
    }
  }

  /** Calls `visit` for each finished pod with its usage and when it finished, ms since the epoch. */
  forEachFinished(visit: (usage: number, finishedAt: number) => void): void {
    if (this.#pods === undefined) return
    for (let row = 0; row < this.size; row++) {
      const finishedAt = this.#pods.finishedAt(row)
      if (finishedAt !== undefined) visit(this.#usages[row] ?? 0, finishedAt)
    }
  }

  /** @returns the flag of an object that the index of owners holds; 0: it does not */
  #learnOwner(object: UsingObject): number {
    const { kind, namespace, name } = object
    if (!standsBetween(kind)) return 0
    const isHeld = this.#pools.owners.learn({ kind, namespace, name, owner: ownerOf(object) })
    if (!isHeld) return 0
    return kind === 'Job' ? HELD_JOB : HELD_REPLICA_SET
  }

  #forgetOwner(row: number): void {
    const flags = this.#flags[row] ?? 0
    if ((flags & (HELD_REPLICA_SET | HELD_JOB)) === 0) return
    this.#pools.owners.forget({
      kind: (flags & HELD_JOB) === 0 ? 'ReplicaSet' : 'Job',
      namespace: this.#pools.texts.text(this.#pools.usages.head(this.#usages[row] ?? 0).namespace),
      name: this.#nameOf(row),
    })
  }

  #nameOf(row: number): string {
    const { texts, usages } = this.#pools
    const suffix = texts.text(this.#suffixes[row] ?? 0)
    if (suffix.startsWith(WHOLE_NAME)) return suffix.slice(WHOLE_NAME.length)
    return texts.text(usages.head(this.#usages[row] ?? 0).ownerName) + suffix
  }

  #sweep(): void {
    this.#replacement = undefined
    // Backwards: dropping a row moves the last one, which was looked at before, into its place.
    for (let row = this.size - 1; row >= 0; row--) {
      if (((this.#flags[row] ?? 0) & SEEN) === 0) this.#drop(row)
    }
    this.#trim()
  }

  #drop(row: number): void {
    this.#pools.changed(this.#usages[row] ?? 0)
    this.#releaseRow(row)
    this.#pods?.release(row)
    this.#uids.removeRow(row)
    const last = this.size
    this.#suffixes[row] = this.#suffixes[last] ?? 0
    this.#usages[row] = this.#usages[last] ?? 0
    this.#flags[row] = this.#flags[last] ?? 0
    this.#pods?.move(last, row)
    if (this.#usages.length > INITIAL_ROWS && last * 4 < this.#usages.length) this.#resize(last * 2)
  }

  #releaseRow(row: number): void {
    this.#forgetOwner(row)
    this.#pools.texts.release(this.#suffixes[row] ?? 0)
    this.#pools.release(this.#usages[row] ?? 0)
  }

  /** After a full list the size is near what it will stay: gives back what growing reserved ahead of need. */
  #trim(): void {
    this.#resize(this.size)
    this.#uids.trim()
    this.#pools.trim()
  }

  #resize(rows: number): void {
    const length = Math.max(rows, INITIAL_ROWS)
    this.#suffixes = copied(this.#suffixes, new Uint32Array(length))
    this.#usages = copied(this.#usages, new Uint32Array(length))
    this.#flags = copied(this.#flags, new Uint8Array(length))
    this.#pods?.resize(length)
  }
}

function copied<A extends Uint8Array | Uint32Array>(from: A, to: A): A {
  to.set(from.subarray(0, Math.min(from.length, to.length)))
  return to
}

/** The uid; for an object without one, which no API server sends, its name, so that two never count as one. */
function keyOf({ uid, namespace, name }: ObjectIdentity): string {
  return uid === '' ? `${namespace}/${name}` : uid
}

const WHOLE_NAME = '/'

/** What follows the owner's name; a name that does not begin with it, whole after a `/`, which no name holds. */
function suffixOf(name: string, owner: string): string {
  return name.startsWith(owner) ? name.slice(owner.length) : WHOLE_NAME + name
}
