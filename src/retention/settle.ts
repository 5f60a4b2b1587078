import type { BoundManifests } from '#retention/bound-manifests.ts'
import type { Companions } from '#retention/companions.ts'
import type { Draft } from '#retention/drafts.ts'
import type { ManifestFacts, RegistryFacts, RepositoryFacts } from '#retention/facts.ts'
import { LayerPrefixes } from '#retention/layer-prefixes.ts'
import type { ManifestGraph } from '#retention/manifest-graph.ts'
import { Protection } from '#retention/protection.ts'
import type { Reason } from '#retention/reasons.ts'
import type { UsageMarks } from '#retention/usage-marks.ts'
import type { Verdict } from '#retention/verdict.ts'
import type { Pace } from '#time/pace.ts'

export interface SettleParts {
  readonly facts: RegistryFacts
  readonly bound: readonly BoundManifests[]
  readonly graph: ManifestGraph
  readonly marks: UsageMarks
  readonly companions: Companions
  /** For each repository, in the order of the facts, one for each tag. */
  readonly drafts: readonly (readonly Draft[])[]
  /** Digests that the annotations of an image name as its base. */
  bases(image: ManifestFacts): readonly string[]
}

/** What hangs on what stays, stays; what is left over goes. For each repository, one verdict for each tag. In steps. */
export function* settle(parts: SettleParts, pace: Pace): Generator<undefined, Verdict[][]> {
  const { everywhere, inRepository } = yield* new Settlement(parts).held(pace)
  const all: Verdict[][] = []
  for (const [at, repository] of parts.facts.repositories.entries()) {
    const heldFor = (digest: string) =>
      everywhere.held.get(digest)?.reason ?? inRepository[at]?.held.get(digest)?.reason
    all.push(yield* verdicts(repository, parts.drafts[at] ?? [], heldFor, pace))
  }
  return all
}

/** Whether a digest stays in a repository, by its place in the facts: something that stays needs it, or it is in use. */
export type StaysIn = (at: number, digest: string) => boolean

/** What stays of what was settled, in steps. */
export function* staysInSteps(parts: SettleParts, pace: Pace): Generator<undefined, StaysIn> {
  const { everywhere, inRepository } = yield* new Settlement(parts).held(pace)
  const own: ReadonlySet<string | undefined>[] = []
  for (const [at, { tags }] of parts.facts.repositories.entries())
    own.push(yield* keptDigests(tags, parts.drafts[at] ?? [], pace))
  return (at, digest) =>
    everywhere.held.has(digest) ||
    inRepository[at]?.held.has(digest) === true ||
    own[at]?.has(digest) === true
}

/** What tags name that stay for themselves. */
function* keptDigests(
  tags: RepositoryFacts['tags'],
  drafts: readonly Draft[],
  pace: Pace,
): Generator<undefined, ReadonlySet<string | undefined>> {
  const kept = new Set<string | undefined>()
  let at = 0
  for (const { digest } of tags) {
    if (drafts[at]?.keeps === true) kept.add(digest)
    at += 1
    if (pace.isTurnOver()) yield
  }
  return kept
}

/** @param heldFor why a digest stays for something else */
function* verdicts(
  { tags }: RepositoryFacts,
  drafts: readonly Draft[],
  heldFor: (digest: string) => Reason | undefined,
  pace: Pace,
): Generator<undefined, Verdict[]> {
  const own = yield* keptDigests(tags, drafts, pace)
  const found: Verdict[] = []
  let at = 0
  for (const { tag, digest } of tags) {
    if (pace.isTurnOver()) yield
    const draft = drafts[at]
    at += 1
    if (draft === undefined) continue
    const { rule } = draft
    const held = draft.keeps ? draft.reason : heldFor(digest ?? '')
    if (held !== undefined) found.push({ tag, digest, action: 'keep', reason: held, rule })
    else found.push({ tag, digest, action: own.has(digest) ? 'untag' : 'evict', reason: draft.reason, rule })
  }
  return found
}

/**
 * Follows what stays to everything that hangs on it. What is in use protects in every repository, and so does the base of what stays; what a rule keeps protects in its
 * own repository, and what refers to it in those that do not have it themselves.
 */
class Settlement {
  readonly #parts: SettleParts
  readonly #everywhere: Protection
  readonly #inRepository: readonly Protection[]
  readonly #byName = new Map<string, Protection>()
  /** Images that stay, each with the tag that it stays for. */
  readonly #layers = new LayerPrefixes<string>()
  #hasNewLayers = false

  constructor(parts: SettleParts) {
    const { facts, graph, marks } = parts
    this.#parts = parts
    this.#everywhere = new Protection(graph, (digest, { name }) => this.#bases(digest, name))
    this.#inRepository = facts.repositories.map(
      () =>
        new Protection(graph, (digest, { name }) => {
          this.#bases(digest, name)
          this.#elsewhere(digest, name)
        }),
    )
    for (const [digest, { name }] of marks.digests) this.#everywhere.add(digest, name)
  }

  *held(pace: Pace) {
    for (const [at, repository] of this.#parts.facts.repositories.entries())
      yield* this.#addOwn(repository, at, pace)
    do {
      for (const protection of [this.#everywhere, ...this.#inRepository]) yield* protection.follow(pace)
      yield* this.#followLayers(pace)
    } while ([this.#everywhere, ...this.#inRepository].some(({ hasMore }) => hasMore))
    return { everywhere: this.#everywhere, inRepository: this.#inRepository }
  }

  *#addOwn({ name, tags }: RepositoryFacts, at: number, pace: Pace): Generator<undefined, void> {
    const protection = this.#inRepository[at]
    if (protection === undefined) return
    const { graph, bound, drafts } = this.#parts
    this.#byName.set(name, protection)
    let next = 0
    for (const { tag, digest } of tags) {
      const position = next
      next += 1
      if (pace.isTurnOver()) yield
      if (digest === undefined || drafts[at]?.[position]?.keeps !== true) continue
      // Most have nothing that hangs on them, and take no memory.
      if (graph.isAlone(digest, bound[at]?.[position])) this.#bases(digest, `${name}:${tag}`)
      else protection.add(digest, `${name}:${tag}`)
    }
  }

  /** What an image that stays says of its base stays at once; its layers are held against those of all others later. */
  #bases(digest: string, name: string): void {
    const manifest = this.#parts.facts.manifests.get(digest)
    if (manifest === undefined) return
    for (const base of this.#parts.bases(manifest)) this.#everywhere.addFor(base, name, 'BaseOf', true)
    if (manifest.kind === 'image' && this.#layers.add(manifest, name)) this.#hasNewLayers = true
  }

  /** What refers to it, in repositories that do not have it. */
  #elsewhere(digest: string, name: string): void {
    const { graph, companions } = this.#parts
    for (const referrer of graph.referrers(digest))
      for (const { name: other } of companions.away(referrer, digest))
        this.#byName.get(other)?.addFor(referrer, name, 'BelongsTo', false)
  }

  *#followLayers(pace: Pace): Generator<undefined, void> {
    if (!this.#hasNewLayers) return
    this.#hasNewLayers = false
    for (const manifest of this.#parts.facts.manifests.values()) {
      const name = manifest.kind === 'image' ? this.#layers.builtOn(manifest) : undefined
      if (name !== undefined) this.#everywhere.addFor(manifest.digest, name, 'BaseOf', true)
      if (pace.isTurnOver()) yield
    }
  }
}
