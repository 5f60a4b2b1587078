import type { BlobFacts, ManifestFacts } from '#retention/facts.ts'
import { Chain, isPrefix } from '#retention/layer-prefixes.ts'
import type { SettleParts } from '#retention/settle.ts'
import type { Pace } from '#time/pace.ts'

const NONE: readonly string[] = []

/** Images with the same layers, and those that are built on them. */
interface Group {
  readonly layers: readonly BlobFacts[]
  readonly derived: string[]
}

/** Which images are built on another one: by what their annotations say, or by their layers, of which its layers are the first and not all (S09). */
export class DerivedImages {
  readonly #named = new Map<string, string[]>()
  readonly #groups = new Map<number, Group[]>()

  private constructor() {}

  /** In steps. */
  static *of(
    { facts, bases }: Pick<SettleParts, 'facts' | 'bases'>,
    pace: Pace,
  ): Generator<undefined, DerivedImages> {
    const images = new DerivedImages()
    for (const manifest of facts.manifests.values()) {
      for (const base of bases(manifest)) images.#name(base, manifest)
      if (manifest.kind === 'image') images.#enter(manifest)
      if (pace.isTurnOver()) yield
    }
    for (const manifest of facts.manifests.values()) {
      if (manifest.kind === 'image') images.#derive(manifest)
      if (pace.isTurnOver()) yield
    }
    return images
  }

  /** Digests of images; one that says so and has the layers too may be there twice. */
  of(base: ManifestFacts): readonly string[] {
    const named = this.#named.get(base.digest) ?? NONE
    const built = base.kind === 'image' ? (this.#group(base.layers)?.derived ?? NONE) : NONE
    return built.length === 0 ? named : [...named, ...built]
  }

  #name(base: string, { digest }: ManifestFacts): void {
    const named = this.#named.get(base)
    if (named === undefined) this.#named.set(base, [digest])
    else named.push(digest)
  }

  #enter({ layers }: ManifestFacts): void {
    if (layers.length === 0 || this.#group(layers) !== undefined) return
    const { key } = chainOf(layers)
    const same = this.#groups.get(key)
    if (same === undefined) this.#groups.set(key, [{ layers, derived: [] }])
    else same.push({ layers, derived: [] })
  }

  #derive({ digest, layers }: ManifestFacts): void {
    const chain = new Chain()
    for (let length = 1; length < layers.length; length += 1) {
      chain.add(layers[length - 1])
      const group = this.#groups.get(chain.key)?.find((each) => isWhole(each.layers, layers, length))
      group?.derived.push(digest)
    }
  }

  #group(layers: readonly BlobFacts[]): Group | undefined {
    const same = this.#groups.get(chainOf(layers).key)
    return same?.find((group) => isWhole(group.layers, layers, layers.length))
  }
}

function isWhole(base: readonly BlobFacts[], layers: readonly BlobFacts[], length: number): boolean {
  return isPrefix({ layers: base, length: base.length }, layers, length)
}

function chainOf(layers: readonly BlobFacts[]): Chain {
  const chain = new Chain()
  for (const layer of layers) chain.add(layer)
  return chain
}
