/** Some thousand entries. */
const BLOCK_BYTES = 16 * 1024
const LENGTH_BYTES = 2

interface Block {
  readonly bytes: Buffer
  used: number
}

/**
 * The entries of one page of a listing, held as they came: as strings a million take three times that. The next page is
 * written over it, so that a listing of large pages holds one of them and leaves no garbage.
 */
export class EntryStore {
  readonly #blocks: Block[] = []
  #current = 0

  clear(): void {
    this.#current = 0
    for (const block of this.#blocks) block.used = 0
  }

  /** Copies the bytes from `start` to before `end`: fewer than 65,534. */
  add(bytes: Buffer, start: number, end: number): void {
    const length = end - start
    const { bytes: target, used } = this.#blockFor(length)
    target.writeUInt16LE(length, used)
    bytes.copy(target, used + LENGTH_BYTES, start, end)
  }

  /** The entries in order, block by block, each as `decode` reads it. */
  *batches(
    decode: (bytes: Buffer, start: number, end: number) => string,
  ): Generator<readonly string[], void, void> {
    for (const { bytes, used } of this.#blocks) {
      if (used === 0) return
      const batch: string[] = []
      for (let at = 0; at < used; ) {
        const start = at + LENGTH_BYTES
        at = start + bytes.readUInt16LE(at)
        batch.push(decode(bytes, start, at))
      }
      yield batch
    }
  }

  /** A block with room for so many bytes and their length, which counts as used from now on. */
  #blockFor(length: number): Block {
    const size = LENGTH_BYTES + length
    let block = this.#blocks[this.#current]
    if (block !== undefined && block.used + size > BLOCK_BYTES) {
      this.#current += 1
      block = this.#blocks[this.#current]
    }
    if (block === undefined) {
      block = { bytes: Buffer.allocUnsafeSlow(BLOCK_BYTES), used: 0 }
      this.#blocks.push(block)
    }
    const { bytes, used } = block
    block.used += size
    return { bytes, used }
  }
}
