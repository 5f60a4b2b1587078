import { TallymanError } from '#catalogue/error.ts'
import { MAX_NESTING } from '#registry/nesting.ts'
import type { Hands } from './hands.ts'
import { type Edges, edgesOf } from './journal-state.ts'
import { copyOf } from './save.ts'
import { assertListed, listTags, missingFrom, resolveTags } from './tags.ts'

/** Listings until two in a row agree; somebody pushes all the time where they never do. */
const ROUNDS = 5

/** What the plan knew: what the tags that stay named, and what is to go names. */
export interface Expected {
  readonly named: ReadonlySet<string>
  /** The tags that stay. */
  readonly staying: readonly string[]
  readonly edges: ReadonlyMap<string, Edges>
  /** Tags that go with the digest that they have here: as long as they name it, they need nothing. */
  readonly doomed: ReadonlyMap<string, string>
}

/**
 * What stands in a repository right before manifests are deleted: every tag, and every manifest that a tag needs that the plan did not know of,
 * because it was pushed or moved since (S15).
 */
export class Standing {
  readonly #hands: Hands
  readonly #expected: Expected
  readonly #needed = new Set<string>()
  /** By digest: the doomed tags that name it. */
  readonly #doomedTags = new Map<string, Set<string>>()
  /** Every tag, with what it named when it was asked. */
  readonly #named = new Map<string, string>()

  private constructor(hands: Hands, expected: Expected) {
    this.#hands = hands
    this.#expected = expected
  }

  /**
   * Lists all tags, asks each what it names, and lists again until nothing has changed.
   * @throws DELETE_UNSETTLED a tag disappeared meanwhile, is not listed, names nothing, cannot be read, or is nested too deep
   */
  static async read(hands: Hands, expected: Expected): Promise<Standing> {
    const standing = new Standing(hands, expected)
    for (let round = 1; round <= ROUNDS; round++) {
      const listed = await listTags(hands)
      if (round === 1) await assertListed(hands, listed, expected.staying)
      if ((await standing.follow(listed)) === 0) return standing
    }
    throw new TallymanError(
      'DELETE_UNSETTLED',
      `${hands.repository}: ${ROUNDS} listings in a row had new tags; somebody is pushing`,
    )
  }

  /** Whether a tag names this manifest, or something that a tag needs contains it. */
  needs(digest: string): boolean {
    return this.#needed.has(digest)
  }

  /** The tags that go with this manifest, and name it. */
  doomedTagsOf(digest: string): readonly string[] {
    return [...(this.#doomedTags.get(digest) ?? [])]
  }

  /** All tags. */
  get names(): Iterable<string> {
    return this.#named.keys()
  }

  /** What a tag named when it was asked. */
  namedBy(tag: string): string | undefined {
    return this.#named.get(tag)
  }

  /** Those of the tags that are missing in a later listing. @param swept what was deleted: its doomed tags are not missed */
  missing(later: ReadonlySet<string>, swept?: string): string[] {
    const doomed = swept === undefined ? undefined : this.#doomedTags.get(swept)
    return missingFrom(later, this.#named.keys()).filter((tag) => doomed?.has(tag) !== true)
  }

  /**
   * Takes over a later listing: new tags are asked what they name.
   * @param swept what was deleted in between @returns how many are new @throws DELETE_UNSETTLED
   */
  async follow(later: ReadonlySet<string>, swept?: string): Promise<number> {
    const missing = this.missing(later, swept)
    if (missing.length > 0) throw this.#unsettled(missing, 'disappeared between two listings')
    const fresh = missingFrom(this.#named, later)
    const named = await resolveTags(this.#hands, fresh)
    const nameless = fresh.filter((tag) => named.get(tag) === undefined)
    if (nameless.length > 0) throw this.#unsettled(nameless, 'is listed and names nothing')
    for (const digest of this.#withoutDoomed(named)) await this.#need(digest, 0)
    for (const tag of this.#doomedTags.get(swept ?? '') ?? []) if (!later.has(tag)) this.#named.delete(tag)
    for (const [tag, digest] of named) if (digest !== undefined) this.#named.set(tag, digest)
    return fresh.length
  }

  /** What the tags name that do not go with it. */
  #withoutDoomed(named: ReadonlyMap<string, string | undefined>): Set<string> {
    const digests = new Set<string>()
    for (const [tag, digest] of named) {
      if (digest === undefined) continue
      if (this.#expected.doomed.get(tag) !== digest) digests.add(digest)
      else this.#doomedTags.set(digest, (this.#doomedTags.get(digest) ?? new Set<string>()).add(tag))
    }
    return digests
  }

  /** What a tag of the plan that stays contains, the plan has taken into account. */
  async #need(digest: string, depth: number): Promise<void> {
    if (this.#needed.has(digest)) return
    this.#needed.add(digest)
    if (this.#expected.named.has(digest)) return
    if (depth > MAX_NESTING)
      throw this.#unsettled(
        [digest],
        `lies more than ${MAX_NESTING} indexes deep, and what it contains is not known`,
      )
    const { children, nested } = this.#expected.edges.get(digest) ?? (await this.#read(digest))
    for (const child of children) {
      if (nested.includes(child)) await this.#need(child, depth + 1)
      else this.#needed.add(child)
    }
  }

  async #read(digest: string): Promise<Edges> {
    const copy = await copyOf(this.#hands, digest)
    if (typeof copy === 'object') return edgesOf(copy)
    throw this.#unsettled([digest], 'is named by a tag and cannot be read')
  }

  #unsettled(what: readonly string[], how: string): TallymanError {
    const names = what.length === 1 ? what[0] : `${what[0]} and ${what.length - 1} more`
    return new TallymanError('DELETE_UNSETTLED', `${this.#hands.repository}: ${names} ${how}`)
  }
}
