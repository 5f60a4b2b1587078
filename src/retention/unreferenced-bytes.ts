import { atOnce } from '#inventory/at-once.ts'
import type { BlobFacts, ManifestFacts } from '#retention/facts.ts'
import type { Judgement } from '#retention/judge.ts'
import { attachedInSteps } from '#retention/manifest-graph.ts'
import { Pace } from '#time/pace.ts'

/**
 * What nothing in the whole registry refers to once the plan was carried out, in bytes. With a digest go its children and what refers to it, unless something that stays
 * needs them or they have a tag.
 */
export function unreferencedBytes(judgement: Judgement): number {
  return atOnce(unreferencedInSteps(judgement, new Pace()))
}

/** The same in steps. */
export function* unreferencedInSteps(
  { repositories, parts }: Judgement,
  pace: Pace,
): Generator<undefined, number> {
  const { facts, graph } = parts
  const staying = new Set<string>()
  const going = new Set<string>()
  for (const [at, { verdicts }] of repositories.entries()) {
    const joined: string[] = []
    for (const { action, digest } of verdicts) {
      if (digest === undefined) continue
      ;(action === 'evict' ? going : staying).add(digest)
      if (action === 'evict' && !graph.isAlone(digest)) joined.push(digest)
      if (pace.isTurnOver()) yield
    }
    const attached = yield* attachedInSteps(graph, joined, pace)
    for (const digest of attached) {
      going.add(digest)
      if (pace.isTurnOver()) yield
    }
    for (const digest of facts.repositories[at]?.untagged ?? []) {
      if (!attached.has(digest)) staying.add(digest)
      if (pace.isTurnOver()) yield
    }
  }
  if (going.size === 0) return 0
  const needed = yield* withChildren(staying, facts.manifests, pace)
  const blobs = new DistinctBlobs()
  for (const digest of needed) {
    blobs.add(facts.manifests.get(digest))
    if (pace.isTurnOver()) yield
  }
  let bytes = 0
  for (const digest of going) {
    if (!needed.has(digest)) bytes += blobs.add(facts.manifests.get(digest))
    if (pace.isTurnOver()) yield
  }
  return bytes
}

function* withChildren(
  digests: Iterable<string>,
  manifests: ReadonlyMap<string, ManifestFacts>,
  pace: Pace,
): Generator<undefined, Set<string>> {
  const found = new Set(digests)
  for (const digest of found) {
    for (const child of manifests.get(digest)?.children ?? []) found.add(child.digest)
    if (pace.isTurnOver()) yield
  }
  return found
}

/** Counts each blob once. */
class DistinctBlobs {
  readonly #seen = new Set<string>()
  #last: readonly BlobFacts[] = []

  /** @returns bytes of it and of its blobs that no manifest before it had */
  add(manifest: ManifestFacts | undefined): number {
    if (manifest === undefined) return 0
    const { size, config, layers } = manifest
    let bytes = size + (config === undefined ? 0 : this.#count(config))
    for (const [at, layer] of layers.entries()) {
      // Builds of one image follow one another and have most layers in common: that is nine tenths of the work.
      if (layer !== this.#last[at]) bytes += this.#count(layer)
    }
    this.#last = layers
    return bytes
  }

  #count({ digest, size }: BlobFacts): number {
    if (this.#seen.has(digest)) return 0
    this.#seen.add(digest)
    return size
  }
}
