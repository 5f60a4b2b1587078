import type { StringPool } from '#inventory/string-pool.ts'
import type { UsingObject } from '#inventory/using-object.ts'

/** As the API names them; the empty one stands for a pod that has none yet. Their place is what is stored. */
const PHASES: readonly string[] = ['', 'Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']
const PHASE_BITS = 3
const UNKNOWN = PHASES.indexOf('Unknown')
const MINUTE_MS = 60_000
/** What is left of 32 bits: the year 2990. */
const LATEST_MINUTE = 2 ** (32 - PHASE_BITS) - 1

/** What a table holds of pods beyond what it holds of any object: 8 bytes a row. */
export class PodColumns {
  readonly #texts: StringPool
  /** Id of the node's name + 1; 0: none. */
  #nodes: Uint32Array
  /** Minute of the finish since the epoch (0: not finished), shifted left over the phase. */
  #states: Uint32Array

  constructor(texts: StringPool, rows: number) {
    this.#texts = texts
    this.#nodes = new Uint32Array(rows)
    this.#states = new Uint32Array(rows)
  }

  put(row: number, { node = '', phase = '', finishedAt }: UsingObject): void {
    // Acquired before the old one is released, which mostly is the same.
    const id = node === '' ? 0 : this.#texts.acquire(node) + 1
    this.release(row)
    const known = PHASES.indexOf(phase)
    this.#nodes[row] = id
    this.#states[row] = (minuteOf(finishedAt) << PHASE_BITS) | (known === -1 ? UNKNOWN : known)
  }

  /** Empties the row. */
  release(row: number): void {
    const id = this.#nodes[row] ?? 0
    if (id !== 0) this.#texts.release(id - 1)
    this.#nodes[row] = 0
    this.#states[row] = 0
  }

  /** Row `from` becomes row `to`, which was released before. */
  move(from: number, to: number): void {
    this.#nodes[to] = this.#nodes[from] ?? 0
    this.#states[to] = this.#states[from] ?? 0
    if (from === to) return
    this.#nodes[from] = 0
    this.#states[from] = 0
  }

  /** Empty where the pod is not scheduled. */
  node(row: number): string {
    const id = this.#nodes[row] ?? 0
    return id === 0 ? '' : this.#texts.text(id - 1)
  }

  phase(row: number): string {
    return PHASES[(this.#states[row] ?? 0) & ((1 << PHASE_BITS) - 1)] ?? ''
  }

  /** Ms since the epoch, up to a minute late: a pod counts longer, never shorter. Undefined: not finished. */
  finishedAt(row: number): number | undefined {
    const minute = (this.#states[row] ?? 0) >>> PHASE_BITS
    return minute === 0 ? undefined : minute * MINUTE_MS
  }

  resize(rows: number): void {
    this.#nodes = resized(this.#nodes, rows)
    this.#states = resized(this.#states, rows)
  }
}

function minuteOf(finishedAt: number | undefined): number {
  if (finishedAt === undefined) return 0
  return Math.min(Math.max(1, Math.ceil(finishedAt / MINUTE_MS)), LATEST_MINUTE)
}

function resized(column: Uint32Array, rows: number): Uint32Array {
  const copy = new Uint32Array(rows)
  copy.set(column.subarray(0, Math.min(column.length, rows)))
  return copy
}
