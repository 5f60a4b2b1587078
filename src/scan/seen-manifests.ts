/** What was seen of a manifest. */
export interface SeenManifest {
  /** Digests of the manifests that it lists; none where it is no index, or not there. */
  readonly children: readonly string[]
  /** Those of them that are indexes. */
  readonly indexes: readonly string[]
  /** When it was found to be absent, monotonic ms; undefined: it is there, and never changes. */
  readonly absentAt?: number
  /** After how long it is asked for again, ms. */
  readonly absentForMs?: number
}

/** Manifests and children in all, of one registry: some 30 MB. */
const MOST = 200_000

interface Held {
  readonly manifest: SeenManifest
  /** Its place among the names. */
  at: number
}

/**
 * What manifests contain that were read before, by `repository@digest`. Where there is no room any one of them is forgotten, at random: whoever asks for more than there is room for asks
 * for all of it time and again in the same order, and the oldest is just what is asked for next. Measured, of a tenth more than there is room for 18 % is read again each time, of a quarter more 37 %, of
 * twice as much 80 %; were the oldest forgotten first it would be all of it.
 */
export class SeenManifests {
  readonly #held = new Map<string, Held>()
  readonly #names: string[] = []
  readonly #most: number
  readonly #random: () => number
  /** Manifests and their children. */
  #size = 0

  /** @param most manifests and children @param random from 0 to below 1 */
  constructor(most = MOST, random: () => number = Math.random) {
    this.#most = most
    this.#random = random
  }

  get(name: string): SeenManifest | undefined {
    return this.#held.get(name)?.manifest
  }

  set(name: string, manifest: SeenManifest): void {
    this.#forget(name)
    const size = sizeOf(manifest)
    while (this.#size + size > this.#most && this.#names.length > 0) {
      this.#forget(this.#names[Math.floor(this.#random() * this.#names.length)])
    }
    this.#held.set(name, { manifest, at: this.#names.length })
    this.#names.push(name)
    this.#size += size
  }

  #forget(name: string | undefined): void {
    const held = name === undefined ? undefined : this.#held.get(name)
    if (name === undefined || held === undefined) return
    this.#held.delete(name)
    this.#size -= sizeOf(held.manifest)
    const last = this.#names.pop()
    if (last === undefined || last === name) return
    // The last one takes its place.
    this.#names[held.at] = last
    const moved = this.#held.get(last)
    if (moved !== undefined) moved.at = held.at
  }
}

function sizeOf({ children }: SeenManifest): number {
  return 1 + children.length
}
