import type { BlobFacts, ManifestFacts } from '#retention/facts.ts'
import type { JudgedRepository, Judgement } from '#retention/judge.ts'
import { attachedInSteps } from '#retention/manifest-graph.ts'
import type { SettleParts } from '#retention/settle.ts'
import type { Pace } from '#time/pace.ts'

/**
 * What nothing in the whole registry refers to once the plan was carried out, in bytes. With a digest go its children and what refers to it, unless something that stays
 * needs them or they have a tag. In steps.
 */
export function* unreferencedInSteps(
  { repositories, parts }: Judgement,
  pace: Pace,
): Generator<undefined, number> {
  const { facts, bound } = parts
  if (!repositories.some(({ verdicts }) => verdicts.some(({ action }) => action === 'evict'))) return 0
  const staying = new Set<string>()
  const attached: ReadonlySet<string>[] = []
  for (const [at, repository] of repositories.entries()) {
    const own = yield* attachedTo(repository, at, parts, pace)
    attached.push(own)
    for (const { action, digest } of repository.verdicts) {
      if (action !== 'evict' && digest !== undefined) staying.add(digest)
      if (pace.isTurnOver()) yield
    }
    for (const digest of facts.repositories[at]?.untagged ?? []) {
      if (!own.has(digest)) staying.add(digest)
      if (pace.isTurnOver()) yield
    }
  }
  const needed = yield* withChildren(staying, facts.manifests, pace)
  const content = new DistinctContent()
  for (const digest of needed) {
    content.add(facts.manifests.get(digest))
    if (pace.isTurnOver()) yield
  }
  const neededBytes = content.bytes
  for (const [place, { verdicts }] of repositories.entries()) {
    let at = 0
    for (const { action } of verdicts) {
      if (action === 'evict') content.add(bound[place]?.[at])
      at += 1
      if (pace.isTurnOver()) yield
    }
    for (const digest of attached[place] ?? []) {
      content.add(facts.manifests.get(digest))
      if (pace.isTurnOver()) yield
    }
  }
  return content.bytes - neededBytes
}

/** What goes with the digests that go from a repository, these among it; nearly all have nothing that does. */
function* attachedTo(
  { verdicts }: JudgedRepository,
  place: number,
  { graph, bound }: SettleParts,
  pace: Pace,
): Generator<undefined, ReadonlySet<string>> {
  const joined: string[] = []
  let at = 0
  for (const { action, digest } of verdicts) {
    if (action === 'evict' && digest !== undefined && !graph.isAlone(digest, bound[place]?.[at]))
      joined.push(digest)
    at += 1
    if (pace.isTurnOver()) yield
  }
  return yield* attachedInSteps(graph, joined, pace)
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

/** Manifests with their blobs, each counted once. */
class DistinctContent {
  bytes = 0
  readonly #manifests = new Set<string>()
  readonly #blobs = new Set<string>()
  #last: readonly BlobFacts[] = []

  add(manifest: ManifestFacts | undefined): void {
    if (manifest === undefined || !isAdded(this.#manifests, manifest.digest)) return
    const { size, config, layers } = manifest
    this.bytes += size
    if (config !== undefined) this.#count(config)
    const last = this.#last
    for (let at = 0; at < layers.length; at += 1) {
      const layer = layers[at]
      // Builds of one image follow one another and have most layers in common: that is nine tenths of the work.
      if (layer !== undefined && layer !== last[at]) this.#count(layer)
    }
    this.#last = layers
  }

  #count({ digest, size }: BlobFacts): void {
    if (isAdded(this.#blobs, digest)) this.bytes += size
  }
}

/** Looks it up once only, which is what takes the time in a large set. @returns false: it was in it */
function isAdded(set: Set<string>, text: string): boolean {
  const { size } = set
  return set.add(text).size > size
}
