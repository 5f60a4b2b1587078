/** The element types a pool can hold: bytes of text, or ids. */
export type Elements = Uint8Array | Uint32Array

const INITIAL_ENTRIES = 64
const INITIAL_ELEMENTS = 256
const GROWTH = 1.25
/** Less than this share of what is live is not worth the copy that gives it back. */
const SLACK = 1 / 16
const MAX_LOAD = 0.8
const NONE = 0xffff_ffff

/**
 * Reference-counted, interned sequences of numbers. Equal sequences share one id, and an id is reused once its count
 * is zero, so what a pool holds follows what is in use, never what was seen. Elements lie in one arena (compacted
 * when full of holes), ids are found through an open-addressing table with linear probing.
 */
export class SequencePool<A extends Elements> {
  readonly #make: (length: number) => A
  /** Makes the probe order unpredictable to whoever chooses the content. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32)
  #arena: A
  #arenaEnd = 0
  #liveElements = 0
  #starts = new Uint32Array(INITIAL_ENTRIES)
  #lengths = new Uint32Array(INITIAL_ENTRIES)
  /** 0: the id is free. */
  #counts = new Uint32Array(INITIAL_ENTRIES)
  /** id + 1; 0: empty. */
  #slots = new Uint32Array(INITIAL_ENTRIES * 2)
  /** Ids below it were used at some time. */
  #idEnd = 0
  /** First of the free ids, linked through #starts. */
  #firstFree = NONE
  #size = 0

  constructor(make: (length: number) => A) {
    this.#make = make
    this.#arena = make(INITIAL_ELEMENTS)
  }

  /** Distinct sequences held. */
  get size(): number {
    return this.#size
  }

  /** Ids lie below it. */
  get idEnd(): number {
    return this.#idEnd
  }

  /** Elements of all sequences held, without holes. */
  get liveElements(): number {
    return this.#liveElements
  }

  /** The id of the first `length` elements of `sequence`, counted once more. */
  acquire(sequence: A, length: number): number {
    const found = this.find(sequence, length)
    if (found !== undefined) {
      this.#counts[found] = this.count(found) + 1
      return found
    }
    if ((this.#size + 1) / this.#slots.length > MAX_LOAD) this.#rehash(this.#slots.length * 2)
    const id = this.#takeId()
    this.#starts[id] = this.#append(sequence, length)
    this.#lengths[id] = length
    this.#counts[id] = 1
    this.#size += 1
    this.#place(id)
    return id
  }

  find(sequence: A, length: number): number | undefined {
    const mask = this.#slots.length - 1
    let slot = this.#hash(sequence, 0, length) & mask
    for (let entry = this.#slots[slot] ?? 0; entry !== 0; entry = this.#slots[slot] ?? 0) {
      if (this.#equals(entry - 1, sequence, length)) return entry - 1
      slot = (slot + 1) & mask
    }
    return undefined
  }

  /** How often `id` is held; 0 for a free one. */
  count(id: number): number {
    return this.#counts[id] ?? 0
  }

  /** Gives one count of `id` back. True: that was the last, the sequence is gone and the id is free. */
  release(id: number): boolean {
    const left = this.count(id) - 1
    this.#counts[id] = left
    if (left > 0) return false
    this.#unplace(id)
    this.#liveElements -= this.length(id)
    this.#starts[id] = this.#firstFree
    this.#firstFree = id
    this.#size -= 1
    if (this.#size === 0) this.#reset()
    return true
  }

  length(id: number): number {
    return this.#lengths[id] ?? 0
  }

  /** One element of a sequence that is held. */
  at(id: number, index: number): number {
    return this.#arena[(this.#starts[id] ?? 0) + index] ?? 0
  }

  /**
   * Ids, in their order, of the sequences that hold an element that `isWanted` marks: at `first`, or any number of `stride`s after it.
   * One loop over the arena without a call: an inventory asks it for every snapshot.
   */
  idsWith(isWanted: Uint8Array, first: number, stride: number): number[] {
    const arena = this.#arena
    const ids: number[] = []
    for (let id = 0; id < this.#idEnd; id++) {
      if (this.count(id) === 0) continue
      const start = this.#starts[id] ?? 0
      const end = start + this.length(id)
      for (let at = start + first; at < end; at += stride) {
        if (isWanted[arena[at] ?? 0] !== 1) continue
        ids.push(id)
        break
      }
    }
    return ids
  }

  /** The elements of `id`: a window into the arena that the next `acquire` may move. */
  view(id: number): Elements {
    const start = this.#starts[id] ?? 0
    return this.#arena.subarray(start, start + this.length(id))
  }

  /** Gives back what growing reserved ahead of need, where that is much. */
  trim(): void {
    const slack = this.#arena.length - this.#liveElements - INITIAL_ELEMENTS
    if (slack > this.#liveElements * SLACK) this.#compact(0, 1)
    const entries = Math.max(INITIAL_ENTRIES, this.#idEnd)
    if (this.#counts.length - entries > entries * SLACK) this.#resizeColumns(entries)
  }

  #takeId(): number {
    const free = this.#firstFree
    if (free !== NONE) {
      this.#firstFree = this.#starts[free] ?? NONE
      return free
    }
    if (this.#idEnd === this.#counts.length) this.#resizeColumns(Math.ceil(this.#idEnd * GROWTH))
    return this.#idEnd++
  }

  #resizeColumns(length: number): void {
    this.#starts = resized(this.#starts, length)
    this.#lengths = resized(this.#lengths, length)
    this.#counts = resized(this.#counts, length)
  }

  #append(sequence: A, length: number): number {
    if (this.#arenaEnd + length > this.#arena.length) this.#compact(length, GROWTH)
    const start = this.#arenaEnd
    for (let i = 0; i < length; i++) this.#arena[start + i] = sequence[i] ?? 0
    this.#arenaEnd += length
    this.#liveElements += length
    return start
  }

  /** Moves what is live, and room for `extra` more, into a new arena: closes holes, grows and shrinks. */
  #compact(extra: number, growth: number): void {
    const arena = this.#make(Math.ceil((this.#liveElements + extra) * growth) + INITIAL_ELEMENTS)
    if (this.#arenaEnd === this.#liveElements) arena.set(this.#arena.subarray(0, this.#arenaEnd))
    else this.#closeHoles(arena)
    this.#arena = arena
    this.#arenaEnd = this.#liveElements
  }

  /** Element by element: most sequences are shorter than what a window into the arena costs to make. */
  #closeHoles(arena: A): void {
    let end = 0
    for (let id = 0; id < this.#idEnd; id++) {
      if (this.count(id) === 0) continue
      const start = this.#starts[id] ?? 0
      const length = this.length(id)
      for (let i = 0; i < length; i++) arena[end + i] = this.#arena[start + i] ?? 0
      this.#starts[id] = end
      end += length
    }
  }

  #place(id: number): void {
    const mask = this.#slots.length - 1
    let slot = this.#home(id) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = id + 1
  }

  /** Takes `id` out of the table and moves what was pushed aside back, so that no tombstones gather. */
  #unplace(id: number): void {
    const mask = this.#slots.length - 1
    let hole = this.#home(id) & mask
    while (this.#slots[hole] !== id + 1) hole = (hole + 1) & mask
    let slot = hole
    for (;;) {
      slot = (slot + 1) & mask
      const entry = this.#slots[slot] ?? 0
      if (entry === 0) break
      const home = this.#home(entry - 1) & mask
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      this.#slots[hole] = entry
      hole = slot
    }
    this.#slots[hole] = 0
  }

  #rehash(length: number): void {
    this.#slots = new Uint32Array(length)
    for (let id = 0; id < this.#idEnd; id++) if (this.count(id) > 0) this.#place(id)
  }

  #home(id: number): number {
    const start = this.#starts[id] ?? 0
    return this.#hash(this.#arena, start, start + this.length(id))
  }

  /** FNV-1a over elements, then murmur3's finalizer, so that the low bits depend on all of them. */
  #hash(elements: A, start: number, end: number): number {
    let hash = this.#seed
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (elements[i] ?? 0), 0x0100_0193)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
    return (hash ^ (hash >>> 16)) >>> 0
  }

  #equals(id: number, sequence: A, length: number): boolean {
    if (this.#lengths[id] !== length) return false
    const start = this.#starts[id] ?? 0
    for (let i = 0; i < length; i++) if (this.#arena[start + i] !== sequence[i]) return false
    return true
  }

  #reset(): void {
    this.#arena = this.#make(INITIAL_ELEMENTS)
    this.#arenaEnd = 0
    this.#starts = new Uint32Array(INITIAL_ENTRIES)
    this.#lengths = new Uint32Array(INITIAL_ENTRIES)
    this.#counts = new Uint32Array(INITIAL_ENTRIES)
    this.#slots = new Uint32Array(INITIAL_ENTRIES * 2)
    this.#idEnd = 0
    this.#firstFree = NONE
  }
}

function resized(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(length)
  copy.set(array.length > length ? array.subarray(0, length) : array)
  return copy
}
