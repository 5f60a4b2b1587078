import { hash } from 'node:crypto'

const INITIAL_ROWS = 64
const GROWTH = 1.25
const MAX_LOAD = 0.8
const WORDS = 4
const UUID_LENGTH = 36
const DASH = 0x2d
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const LETTER_A = 0x61

/**
 * Dense row numbers for uids: 16 bytes each, and an open-addressing table of row numbers. Removing a row moves the
 * last one into its place, so that rows are always 0 … size - 1 and the store can shrink.
 */
export class UidIndex {
  #size = 0
  #words = new Uint32Array(INITIAL_ROWS * WORDS)
  /** row + 1; 0: empty. */
  #slots = new Uint32Array(INITIAL_ROWS * 2)
  readonly #key = new Uint32Array(WORDS)

  get size(): number {
    return this.#size
  }

  /** The row of `uid`. */
  find(uid: string): number | undefined {
    parseUid(uid, this.#key)
    const slot = this.#slotOfKey()
    const entry = this.#slots[slot] ?? 0
    return entry === 0 ? undefined : entry - 1
  }

  /** Adds a `uid` that is not held; its row is the old size. */
  add(uid: string): number {
    if ((this.#size + 1) / this.#slots.length > MAX_LOAD) this.#rehash(this.#slots.length * 2)
    if ((this.#size + 1) * WORDS > this.#words.length) this.#resize(Math.ceil(this.#size * GROWTH))
    parseUid(uid, this.#key)
    const row = this.#size
    this.#words.set(this.#key, row * WORDS)
    this.#slots[this.#slotOfKey()] = row + 1
    this.#size += 1
    return row
  }

  /** Removes a row; what was the last row (number `size` after the call) now has its number. */
  removeRow(row: number): void {
    const last = this.#size - 1
    this.#unplace(row)
    if (row !== last) {
      this.#slots[this.#slotOfRow(last)] = row + 1
      this.#words.copyWithin(row * WORDS, last * WORDS, (last + 1) * WORDS)
    }
    this.#size = last
    if (this.#words.length > INITIAL_ROWS * WORDS && last * WORDS * 4 < this.#words.length) {
      this.#resize(last * 2)
      this.#rehash(Math.max(INITIAL_ROWS, 2 ** Math.ceil(Math.log2(last + 1))) * 2)
    }
  }

  /** Gives back what growing reserved ahead of need. */
  trim(): void {
    this.#resize(this.#size)
  }

  /** The slot that holds the key, or the empty one where it belongs. */
  #slotOfKey(): number {
    const mask = this.#slots.length - 1
    let slot = homeOf(this.#key, 0) & mask
    for (let entry = this.#slots[slot] ?? 0; entry !== 0; entry = this.#slots[slot] ?? 0) {
      if (this.#isKey(entry - 1)) break
      slot = (slot + 1) & mask
    }
    return slot
  }

  #isKey(row: number): boolean {
    for (let i = 0; i < WORDS; i++) if (this.#words[row * WORDS + i] !== this.#key[i]) return false
    return true
  }

  #slotOfRow(row: number): number {
    const mask = this.#slots.length - 1
    let slot = homeOf(this.#words, row * WORDS) & mask
    while (this.#slots[slot] !== row + 1) slot = (slot + 1) & mask
    return slot
  }

  /** Empties the slot of `row` and moves what was pushed aside back, so that no tombstones gather. */
  #unplace(row: number): void {
    const mask = this.#slots.length - 1
    let hole = this.#slotOfRow(row)
    let slot = hole
    for (;;) {
      slot = (slot + 1) & mask
      const entry = this.#slots[slot] ?? 0
      if (entry === 0) break
      const home = homeOf(this.#words, (entry - 1) * WORDS) & mask
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      this.#slots[hole] = entry
      hole = slot
    }
    this.#slots[hole] = 0
  }

  #resize(rows: number): void {
    const words = new Uint32Array(Math.max(rows, INITIAL_ROWS) * WORDS)
    words.set(this.#words.subarray(0, this.#size * WORDS))
    this.#words = words
  }

  #rehash(length: number): void {
    this.#slots = new Uint32Array(length)
    const mask = length - 1
    for (let row = 0; row < this.#size; row++) {
      let slot = homeOf(this.#words, row * WORDS) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = row + 1
    }
  }
}

/** Uids are random already (UUID version 4); the multiplication is for those that are not. */
function homeOf(words: Uint32Array, start: number): number {
  let home = 0
  for (let i = start; i < start + WORDS; i++) home = Math.imul(home ^ (words[i] ?? 0), 0x9e37_79b1)
  return (home ^ (home >>> 15)) >>> 0
}

/** The API server makes UUIDs; anything else counts by its hash. */
function parseUid(uid: string, into: Uint32Array): void {
  if (parseUuid(uid, into)) return
  const hex = hash('sha256', uid, 'hex')
  for (let i = 0; i < WORDS; i++) into[i] = Number.parseInt(hex.slice(i * 8, i * 8 + 8), 16)
}

/** Digit by digit, because this runs for every event of a watch. False: no UUID in lower case. */
function parseUuid(text: string, into: Uint32Array): boolean {
  if (text.length !== UUID_LENGTH) return false
  let digits = 0
  let word = 0
  for (let i = 0; i < UUID_LENGTH; i++) {
    const code = text.charCodeAt(i)
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (code !== DASH) return false
      continue
    }
    const digit = code >= DIGIT_0 && code <= DIGIT_9 ? code - DIGIT_0 : code - LETTER_A + 10
    if (digit < 0 || digit > 15 || (code > DIGIT_9 && code < LETTER_A)) return false
    word = (word << 4) | digit
    digits += 1
    if (digits % 8 === 0) into[digits / 8 - 1] = word
  }
  return true
}
