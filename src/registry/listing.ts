import { TallymanError } from '#catalogue/error.ts'
import { asBuffer } from './json.ts'

/**
 * docker-registry 2.8 sends all tags of a repository in one body, 13 MB for 400,000. These bounds are far above that and
 * keep what a hostile one can make us hold to some tens of megabytes.
 */
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
  readonly entries: string[] = []
  readonly #field: string
  readonly #what: string
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
   */
  constructor(field: string, what: string) {
    this.#field = field
    this.#what = what
  }

  /** @throws REGISTRY_PAGINATION where this is no such listing, REGISTRY_TOO_LARGE above the bounds */
  write(chunk: Uint8Array): void {
    const bytes = this.#carry.length === 0 ? asBuffer(chunk) : Buffer.concat([this.#carry, chunk])
    this.#carry = NO_BYTES
    let position = 0
    while (position < bytes.length) {
      const byte = bytes[position]
      if (byte === QUOTE) {
        const end = endOfString(bytes, position + 1)
        if (end < 0) {
          this.#carry = Buffer.from(bytes.subarray(position))
          if (this.#carry.length > MAX_ENTRY_BYTES) throw this.#tooLarge('an entry')
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

  /** The body has ended. @throws REGISTRY_PAGINATION where it ended in the middle */
  end(): readonly string[] {
    if (!this.#ended || this.#carry.length > 0) throw this.#invalid()
    return this.entries
  }

  #string(bytes: Buffer, start: number, end: number): void {
    const isEntry = this.#inList && this.#depth === 2
    if (!isEntry && !(this.#depth === 1 && this.#expectsKey)) {
      if (!this.#began) throw this.#invalid()
      return
    }
    const text = this.#decode(bytes, start, end)
    if (!isEntry) {
      this.#key = text
      return
    }
    if (end - start > MAX_ENTRY_BYTES) throw this.#tooLarge('an entry')
    if (this.entries.length === MAX_ENTRIES) throw this.#tooLarge('the listing')
    this.entries.push(text)
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
