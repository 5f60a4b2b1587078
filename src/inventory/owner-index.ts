import type { ChangeStamps } from '#inventory/change-stamps.ts'
import { guessedWorkload, type Owner } from '#inventory/owner.ts'
import { SequencePool } from '#inventory/sequence-pool.ts'
import type { StringPool } from '#inventory/string-pool.ts'

const KEY_WORDS = 3
const OWNER_WORDS = 2
const INITIAL_KEYS = 16
const GROWTH = 1.25
/** More changes than these are not told apart between two readings: everything that has an owner counts as changed. */
const MAX_CHANGED = 1_000

/** Kinds that stand between a pod and the workload that people know. */
const BETWEEN: ReadonlySet<string> = new Set(['ReplicaSet', 'Job'])

export function standsBetween(kind: string): boolean {
  return BETWEEN.has(kind)
}

/** An object of a kind that stands between, and its owner: itself where nothing owns it. */
export interface OwnedObject {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly owner: Owner
}

/** Whether the usages with this owner (ids of its kind, namespace and name) changed their workload. */
export type OwnerChanged = (kind: number, namespace: number, name: number) => boolean

/**
 * Who owns the ReplicaSets and Jobs of a cluster. Names nearly always tell it (`guessedWorkload`), so only those are
 * held whose name misleads: ReplicaSets of an Argo Rollout, Jobs of a JobSet, ReplicaSets that nobody owns.
 */
export class OwnerIndex {
  readonly #texts: StringPool
  readonly #changes: ChangeStamps
  /** Kind, namespace and name, counted once for each object told of: of two with one name, the last one told wins. */
  readonly #keys = new SequencePool((length) => new Uint32Array(length))
  readonly #key = new Uint32Array(KEY_WORDS)
  /** Of each key, the kind of the owner + 1 and its name; 0: as the name says. */
  #owners = new Uint32Array(INITIAL_KEYS * OWNER_WORDS)
  #changed = new Set<string>()

  /** @param changes advanced whenever a workload changes; what it concerns is marked by who reads `takeChanged` */
  constructor(texts: StringPool, changes: ChangeStamps) {
    this.#texts = texts
    this.#changes = changes
  }

  /** ReplicaSets and Jobs held because their name misleads. */
  get size(): number {
    return this.#keys.size
  }

  /** True: the object is held, and has to be forgotten once when it goes or is told of anew. */
  learn(object: OwnedObject): boolean {
    const guess = guessedWorkload(object)
    if (guess.kind === object.owner.kind && guess.name === object.owner.name) {
      const id = this.#find(object)
      if (id !== undefined) this.#assign(id, undefined)
      return false
    }
    this.#assign(this.#acquire(object), object.owner)
    return true
  }

  forget(object: Omit<OwnedObject, 'owner'>): void {
    const id = this.#find(object)
    if (id === undefined) return
    if (this.#keys.count(id) === 1) {
      this.#assign(id, undefined)
      for (let i = 0; i < KEY_WORDS; i++) this.#texts.release(this.#keys.at(id, i))
    }
    this.#keys.release(id)
  }

  /** The workload behind an owner that is held in `texts`, by the ids of its kind, namespace and name. */
  workloadOf(kind: number, namespace: number, name: number, text: (id: number) => string): Owner {
    const id = this.size === 0 ? undefined : this.#findIds(kind, namespace, name)
    const ownerKind = id === undefined ? 0 : (this.#owners[id * OWNER_WORDS] ?? 0)
    if (id === undefined || ownerKind === 0) return guessedWorkload({ kind: text(kind), name: text(name) })
    return { kind: text(ownerKind - 1), name: text(this.#owners[id * OWNER_WORDS + 1] ?? 0) }
  }

  /** What changed since the last call; undefined: nothing. */
  takeChanged(): OwnerChanged | undefined {
    const changed = this.#changed
    if (changed.size === 0) return undefined
    this.#changed = new Set()
    if (changed.size > MAX_CHANGED) return () => true
    return (kind, namespace, name) => changed.has(`${kind} ${namespace} ${name}`)
  }

  /** Gives back what growing reserved ahead of need. */
  trim(): void {
    this.#keys.trim()
  }

  #find({ kind, namespace, name }: Omit<OwnedObject, 'owner'>): number | undefined {
    if (this.size === 0) return undefined
    const ids = [kind, namespace, name].map((text) => this.#texts.find(text))
    const [kindId, namespaceId, nameId] = ids
    if (kindId === undefined || namespaceId === undefined || nameId === undefined) return undefined
    return this.#findIds(kindId, namespaceId, nameId)
  }

  #findIds(kind: number, namespace: number, name: number): number | undefined {
    this.#key[0] = kind
    this.#key[1] = namespace
    this.#key[2] = name
    return this.#keys.find(this.#key, KEY_WORDS)
  }

  #acquire({ kind, namespace, name }: OwnedObject): number {
    this.#key[0] = this.#texts.acquire(kind)
    this.#key[1] = this.#texts.acquire(namespace)
    this.#key[2] = this.#texts.acquire(name)
    const id = this.#keys.acquire(this.#key, KEY_WORDS)
    // A key holds its texts once, however often it is held itself.
    if (this.#keys.count(id) > 1) for (const text of this.#key) this.#texts.release(text)
    return id
  }

  #assign(id: number, owner: Owner | undefined): void {
    const at = id * OWNER_WORDS
    if (at >= this.#owners.length) {
      const longer = new Uint32Array(Math.ceil((id + 1) * GROWTH) * OWNER_WORDS)
      longer.set(this.#owners)
      this.#owners = longer
    }
    const kindBefore = this.#owners[at] ?? 0
    const nameBefore = this.#owners[at + 1] ?? 0
    this.#owners[at] = owner === undefined ? 0 : this.#texts.acquire(owner.kind) + 1
    this.#owners[at + 1] = owner === undefined ? 0 : this.#texts.acquire(owner.name)
    if (kindBefore !== 0) {
      this.#texts.release(kindBefore - 1)
      this.#texts.release(nameBefore)
    }
    if (kindBefore === this.#owners[at] && nameBefore === this.#owners[at + 1]) return
    this.#changes.advance()
    if (this.#changed.size > MAX_CHANGED) return
    this.#changed.add(`${this.#keys.at(id, 0)} ${this.#keys.at(id, 1)} ${this.#keys.at(id, 2)}`)
  }
}
