import type { Evicted } from './evicted.ts'

/** What differs between things of one run and repository. */
export type EvictedRow = Omit<Evicted, 'run' | 'repository'>

/**
 * Rows as bytes: flags, the time, then those of tag, digest, config and subject that there are. A SHA-256 digest is its 32 bytes, any other text is UTF-8; each has its length, as 16 bits, before it.
 */
export class EvictedRows implements Iterable<EvictedRow> {
  readonly count: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer, count: number) {
    this.#bytes = bytes
    this.count = count
  }

  *[Symbol.iterator](): Generator<EvictedRow, void, void> {
    const reader = new RowReader(this.#bytes)
    for (let at = 0; at < this.count; at += 1) yield reader.next()
  }
}

const HAS_TAG = 1
const HAS_CONFIG = 2
const HAS_SUBJECT = 4
const IS_PART = 8
/** In place of the length of a text. */
const IS_SHA256 = 0xffff
const SHA256_BYTES = 32
const SHA256 = /^sha256:[0-9a-f]{64}$/
const HEAD_BYTES = 1 + 8

export class RowWriter {
  #bytes = Buffer.allocUnsafe(1_024)
  #end = 0
  #count = 0

  add({ tag, digest, at, config, subject, isPart }: EvictedRow): void {
    this.#reserve(HEAD_BYTES)
    const flags =
      (tag === undefined ? 0 : HAS_TAG) |
      (config === undefined ? 0 : HAS_CONFIG) |
      (subject === undefined ? 0 : HAS_SUBJECT) |
      (isPart === true ? IS_PART : 0)
    this.#end = this.#bytes.writeUInt8(flags, this.#end)
    this.#end = this.#bytes.writeDoubleLE(at, this.#end)
    for (const text of [tag, digest, config, subject]) if (text !== undefined) this.#write(text)
    this.#count += 1
  }

  rows(): EvictedRows {
    return new EvictedRows(Buffer.from(this.#bytes.subarray(0, this.#end)), this.#count)
  }

  #write(text: string): void {
    const isDigest = SHA256.test(text)
    const length = isDigest ? SHA256_BYTES : Buffer.byteLength(text)
    this.#reserve(2 + length)
    this.#end = this.#bytes.writeUInt16LE(isDigest ? IS_SHA256 : length, this.#end)
    this.#end += isDigest
      ? this.#bytes.write(text.slice('sha256:'.length), this.#end, 'hex')
      : this.#bytes.write(text, this.#end)
  }

  #reserve(length: number): void {
    if (this.#end + length <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(2 * (this.#bytes.length + length))
    this.#bytes.copy(larger, 0, 0, this.#end)
    this.#bytes = larger
  }
}

class RowReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  next(): EvictedRow {
    const flags = this.#bytes.readUInt8(this.#at)
    const at = this.#bytes.readDoubleLE(this.#at + 1)
    this.#at += HEAD_BYTES
    const tag = flags & HAS_TAG ? this.#text() : undefined
    const digest = this.#text()
    const config = flags & HAS_CONFIG ? this.#text() : undefined
    const subject = flags & HAS_SUBJECT ? this.#text() : undefined
    return { tag, digest, at, config, subject, isPart: (flags & IS_PART) !== 0 }
  }

  #text(): string {
    const length = this.#bytes.readUInt16LE(this.#at)
    const start = this.#at + 2
    const isDigest = length === IS_SHA256
    this.#at = start + (isDigest ? SHA256_BYTES : length)
    return isDigest
      ? `sha256:${this.#bytes.toString('hex', start, this.#at)}`
      : this.#bytes.toString('utf8', start, this.#at)
  }
}
