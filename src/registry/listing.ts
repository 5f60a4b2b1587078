import { TallymanError } from '#catalogue/error.ts'
import { EntryStore } from './entry-store.ts'
import { asBuffer } from './json.ts'

/** Together with the bound on the bytes of a page: what a hostile registry can make us hold is some tens of megabytes. */
const MAX_ENTRIES = 1_000_000
const MAX_ENTRY_BYTES = 4096
const MAX_DEPTH = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c
const NO_BYTES = Buffer.alloc(0)

/**
 * Reads the strings of one list out of a JSON object as its bytes arrive: `{"name":"a","tags":["1","2"]}`. Nothing but the
 * strings is kept. A list that is `null` or missing is empty.
 */
export class ListingReader {
  readonly #field: string
  readonly #what: string
  readonly #entries: EntryStore
  #count = 0
  #carry: Buffer = NO_BYTES
  #depth = 0
  #key: string | undefined
  #expectsKey = false
  #inList = false
  #began = false
  #ended = false

  /**
   * @param field name of the list: `tags` or `repositories`
   * @param what for messages
   * @param entries where they are kept; what it holds from another page is forgotten
   */
  constructor(field: string, what: string, entries = new EntryStore()) {
    this.#field = field
    this.#what = what
    this.#entries = entries
    entries.clear()
  }

  /** @throws REGISTRY_PAGINATION where this is no such listing, REGISTRY_TOO_LARGE above the bounds */
  write(chunk: Uint8Array): void {
    const bytes = asBuffer(chunk)
    let position = this.#carry.length === 0 ? 0 : this.#finishCarried(bytes)
    while (position < bytes.length) {
      const byte = bytes[position]
      if (byte === QUOTE) {
        const end = endOfString(bytes, position + 1)
        if (end < 0) {
          this.#carryOver(bytes.subarray(position))
          return
        }
        this.#string(bytes, position, end)
        position = end + 1
      } else {
        this.#punctuation(byte ?? 0)
        position += 1
      }
    }
  }

  /** The string that the last chunk broke off in. @returns where in `bytes` it ends */
  #finishCarried(bytes: Buffer): number {
    const carried = this.#carry.length
    // No more of the chunk is copied than a string may hold: it is far larger.
    const joined = Buffer.concat([this.#carry, bytes.subarray(0, MAX_ENTRY_BYTES + 2)])
    this.#carry = NO_BYTES
    const end = endOfString(joined, 1)
    if (end < 0) {
      this.#carryOver(joined)
      return bytes.length
    }
    this.#string(joined, 0, end)
    return end + 1 - carried
  }

  #carryOver(rest: Buffer): void {
    if (rest.length > MAX_ENTRY_BYTES) throw this.#tooLarge('an entry')
    this.#carry = Buffer.from(rest)
  }

  /**
   * The body has ended. @returns its strings in order, in lists of some thousand
   * @throws REGISTRY_PAGINATION where it ended in the middle; the iteration throws it too, at an entry that is no string
   */
  end(): Iterable<readonly string[]> {
    if (!this.#ended || this.#carry.length > 0) throw this.#invalid()
    return this.#entries.batches((bytes, start, end) => this.#decode(bytes, start, end - 1))
  }

  #string(bytes: Buffer, start: number, end: number): void {
    const isEntry = this.#inList && this.#depth === 2
    if (!isEntry && !(this.#depth === 1 && this.#expectsKey)) {
      if (!this.#began) throw this.#invalid()
      return
    }
    if (!isEntry) {
      this.#key = this.#decode(bytes, start, end)
      return
    }
    if (end - start > MAX_ENTRY_BYTES) throw this.#tooLarge('an entry')
    if (this.#count === MAX_ENTRIES) throw this.#tooLarge('the listing')
    this.#count += 1
    this.#entries.add(bytes, start, end + 1)
  }

  #punctuation(byte: number): void {
    if (this.#ended && !isSpace(byte)) throw this.#invalid()
    switch (byte) {
      case 0x7b: // {
        this.#open()
        if (this.#depth === 1) this.#expectsKey = true
        return
      case 0x5b: // [
        this.#open()
        if (this.#depth === 1) throw this.#invalid()
        if (this.#depth === 2 && this.#key === this.#field) this.#inList = true
        return
      case 0x7d: // }
      case 0x5d: // ]
        this.#depth -= 1
        if (this.#depth < 0) throw this.#invalid()
        if (this.#depth === 1) this.#inList = false
        if (this.#depth === 0) this.#ended = true
        return
      case 0x3a: // :
        if (this.#depth === 1) this.#expectsKey = false
        return
      case 0x2c: // ,
        if (this.#depth === 1) this.#expectsKey = true
        return
      default:
        if (!this.#began && !isSpace(byte)) throw this.#invalid()
    }
  }

  #open(): void {
    this.#began = true
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw this.#invalid()
  }

  #decode(bytes: Buffer, start: number, end: number): string {
    const isPlain = bytes.subarray(start + 1, end).indexOf(BACKSLASH) < 0
    if (isPlain) return bytes.toString('utf8', start + 1, end)
    try {
      const text: unknown = JSON.parse(bytes.toString('utf8', start, end + 1))
      return String(text)
    } catch (error) {
      if (error instanceof SyntaxError) throw this.#invalid()
      throw error
    }
  }

  #invalid(): TallymanError {
    return new TallymanError(
      'REGISTRY_PAGINATION',
      `The listing of ${this.#what} is not the JSON it should be`,
    )
  }

  #tooLarge(part: string): TallymanError {
    return new TallymanError(
      'REGISTRY_TOO_LARGE',
      `The listing of ${this.#what} is too large to be one: ${part}`,
    )
  }
}

/** The position of the closing quote, or -1. Backslashes before it must come in pairs. */
function endOfString(bytes: Buffer, from: number): number {
  let quote = bytes.indexOf(QUOTE, from)
  while (quote >= 0) {
    let backslashes = 0
    while (quote - backslashes > from && bytes[quote - backslashes - 1] === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return quote
    quote = bytes.indexOf(QUOTE, quote + 1)
  }
  return -1
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
