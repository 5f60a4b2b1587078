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

/** What manifests contain that were read before, by `repository@digest`; the oldest are forgotten first. */
export class SeenManifests {
  readonly #manifests = new Map<string, SeenManifest>()
  /** Manifests and their children. */
  #size = 0

  get(place: string): SeenManifest | undefined {
    return this.#manifests.get(place)
  }

  set(place: string, manifest: SeenManifest): void {
    this.#forget(place)
    this.#manifests.set(place, manifest)
    this.#size += sizeOf(manifest)
    for (const oldest of this.#manifests.keys()) {
      if (this.#size <= MOST) return
      this.#forget(oldest)
    }
  }

  #forget(place: string): void {
    const manifest = this.#manifests.get(place)
    if (manifest === undefined) return
    this.#manifests.delete(place)
    this.#size -= sizeOf(manifest)
  }
}

function sizeOf({ children }: SeenManifest): number {
  return 1 + children.length
}
