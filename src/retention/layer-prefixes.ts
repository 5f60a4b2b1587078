import type { BlobFacts, ManifestFacts } from '#retention/facts.ts'

/**
 * The layers of images that stay, to find those on which they are built: another image is a base if its layers are the first of one of them, and not all. Takes one entry for
 * each sequence of first layers: images of one base share nearly all.
 */
export class LayerPrefixes<T> {
  readonly #byChain = new Map<number, Prefix<T>[]>()

  /** @returns false: it is built on nothing on which those before it are not built */
  add({ layers }: ManifestFacts, value: T): boolean {
    const chain = new Chain()
    let isNew = false
    for (let length = 1; length < layers.length; length += 1) {
      chain.add(layers[length - 1])
      const same = this.#byChain.get(chain.key)
      if (same?.some((prefix) => isPrefix(prefix, layers, length)) === true) continue
      isNew = true
      if (same === undefined) this.#byChain.set(chain.key, [{ layers, length, value }])
      else same.push({ layers, length, value })
    }
    return isNew
  }

  /** What was added with an image that is built on this one; undefined: none is. Without layers it is the base of everything, which says nothing. */
  builtOn({ layers }: ManifestFacts): T | undefined {
    const chain = new Chain()
    for (const layer of layers) chain.add(layer)
    const { length } = layers
    return this.#byChain.get(chain.key)?.find((prefix) => isPrefix(prefix, layers, length))?.value
  }
}

/** The first layers of an image. */
interface Prefix<T> {
  readonly layers: readonly BlobFacts[]
  readonly length: number
  readonly value: T
}

/** Whether the first `length` layers are those of the prefix. */
export function isPrefix(
  prefix: Pick<Prefix<unknown>, 'layers' | 'length'>,
  layers: readonly BlobFacts[],
  length: number,
): boolean {
  if (prefix.length !== length) return false
  for (let at = 0; at < length; at += 1) if (prefix.layers[at]?.digest !== layers[at]?.digest) return false
  return true
}

/** A number for a sequence of layers: nearly always another one for another sequence. */
export class Chain {
  #high = 0
  #low = 0

  /** 52 bits, as many as a number holds exactly. */
  get key(): number {
    return (this.#high >>> 0) * 0x10_0000 + (this.#low >>> 12)
  }

  add(layer: BlobFacts | undefined): void {
    // The digits of a digest are spread evenly already.
    const digits = Number.parseInt(layer?.digest.slice(-13) ?? '', 16)
    this.#high = Math.imul(this.#high ^ (digits / 0x1_0000_0000), 0x9e37_79b1) + 1
    this.#low = Math.imul(this.#low ^ digits, 0x85eb_ca6b) + (this.#high >>> 15)
  }
}
