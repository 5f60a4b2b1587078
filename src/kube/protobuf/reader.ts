import { TallymanError } from '#catalogue/error.ts'

/** Wire types of the protobuf encoding (protobuf.dev/programming-guides/encoding). Groups (3, 4) are not used by Kubernetes. */
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

const UINT32 = 2 ** 32

/** Turns the bytes [start, end) into a string; may return a string that it made before for equal bytes. */
export type TextDecode = (bytes: Buffer, start: number, end: number) => string

const decodeUtf8: TextDecode = (bytes, start, end) => bytes.toString('utf8', start, end)

/**
 * Walks a protobuf message in place. What the caller does not ask for is skipped by its length, never decoded, so the
 * cost follows the fields that are read. Any length or varint that leaves its message is KUBE_WATCH_BROKEN.
 *
 * `while (reader.next()) switch (reader.field) { case 1: … ; default: reader.skip() }`
 */
export class ProtoReader {
  #bytes: Buffer
  #position: number
  #end: number
  #wireType = 0
  /** Number of the field whose value comes next; valid after next() returned true. */
  field = 0
  readonly #intern: TextDecode

  /** @param intern decodes the strings that repeat (`repeated()`); by default a plain UTF-8 decoder */
  constructor(bytes: Uint8Array, intern: TextDecode = decodeUtf8) {
    this.#bytes = asBuffer(bytes)
    this.#position = 0
    this.#end = bytes.length
    this.#intern = intern
  }

  /** Starts again on another message, or on a part of it. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#bytes = asBuffer(bytes)
    this.#position = start
    this.#end = end
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  get position(): number {
    return this.#position
  }

  /** Reads the next field's key. False at the end of the message. */
  next(): boolean {
    if (this.#position >= this.#end) return false
    const key = this.#unsigned()
    this.field = Math.floor(key / 8)
    this.#wireType = key % 8
    if (this.field === 0) throw broken('a field has the number 0')
    return true
  }

  /** Skips the value of the current field. */
  skip(): void {
    switch (this.#wireType) {
      case VARINT:
        this.#unsigned()
        return
      case FIXED64:
        this.#advance(8)
        return
      case LENGTH_DELIMITED:
        this.#advance(this.#length())
        return
      case FIXED32:
        this.#advance(4)
        return
      default:
        throw broken(`wire type ${this.#wireType} is not used by Kubernetes`)
    }
  }

  /** An int32, int64 or bool as a number. Beyond 2^53 it loses precision, which nothing that is read here reaches. */
  integer(): number {
    this.#expect(VARINT)
    return this.#signed()
  }

  boolean(): boolean {
    return this.integer() !== 0
  }

  /** A string that is unlike most others: names, uids. */
  text(): string {
    const start = this.#enterValue()
    return this.#bytes.toString('utf8', start, this.#position)
  }

  /** A string that is probably equal to many others: images, namespaces, phases. */
  repeated(): string {
    const start = this.#enterValue()
    return this.#intern(this.#bytes, start, this.#position)
  }

  /** Passes a string; true when it is this one, in UTF-8. Nothing is decoded. */
  textEquals(expected: Buffer): boolean {
    const start = this.#enterValue()
    if (this.#position - start !== expected.length) return false
    return this.#bytes.compare(expected, 0, expected.length, start, this.#position) === 0
  }

  /** Goes into the embedded message; returns what `leave` needs to come back. */
  enter(): number {
    this.#expect(LENGTH_DELIMITED)
    const length = this.#length()
    const outer = this.#end
    if (length > outer - this.#position) throw broken('a message is longer than what holds it')
    this.#end = this.#position + length
    return outer
  }

  leave(outer: number): void {
    this.#position = this.#end
    this.#end = outer
  }

  /** Where the current length-delimited value ends, without moving. Read `position` for its start. */
  valueEnd(): number {
    this.#expect(LENGTH_DELIMITED)
    const length = this.#length()
    if (length > this.#end - this.#position) throw broken('a value is longer than its message')
    return this.#position + length
  }

  #enterValue(): number {
    this.#expect(LENGTH_DELIMITED)
    const length = this.#length()
    const start = this.#position
    this.#advance(length)
    return start
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) {
      throw broken(`field ${this.field} has wire type ${this.#wireType}, not ${wireType}`)
    }
  }

  #advance(count: number): void {
    if (count > this.#end - this.#position) throw broken('a value is longer than its message')
    this.#position += count
  }

  #length(): number {
    const first = this.#bytes[this.#position]
    if (first !== undefined && first < 0x80 && this.#position < this.#end) {
      this.#position += 1
      return first
    }
    return this.#unsigned()
  }

  #unsigned(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count += 1) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw broken('a varint has more than ten bytes')
  }

  /** Negative numbers are sent as ten bytes of two's complement in 64 bits. */
  #signed(): number {
    let low = 0
    let high = 0
    for (let count = 0; count < 10; count += 1) {
      const byte = this.#byte()
      const bits = byte & 0x7f
      if (count < 4) low += bits * 2 ** (7 * count)
      else if (count === 4) {
        low += (bits & 0x0f) * 2 ** 28
        high += bits >> 4
      } else high += bits * 2 ** (7 * count - 32)
      if (byte < 0x80) return ((high % UINT32) | 0) * UINT32 + low
    }
    throw broken('a varint has more than ten bytes')
  }

  #byte(): number {
    const byte = this.#bytes[this.#position]
    if (byte === undefined || this.#position >= this.#end) throw broken('a varint is cut off')
    this.#position += 1
    return byte
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function broken(what: string): TallymanError {
  return new TallymanError('KUBE_WATCH_BROKEN', `The API server sent malformed protobuf: ${what}`)
}
