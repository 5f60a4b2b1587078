import { TallymanError } from '#catalogue/error.ts'
import type { Holders } from '#inventory/held-images.ts'
import type { RegistryImage } from '#inventory/usage-lookup.ts'
import type { RegistryClient } from '#registry/client.ts'
import { kindOf } from '#registry/media-types.ts'
import { type LookOptions, lookTwice, sightOf } from '#scan/look.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import type { UsedImages } from '#scan/used-images.ts'
import type { Clock } from '#time/clock.ts'

/** Indexes in indexes: what is deeper no runtime pulls. */
const MAX_DEPTH = 4
/** Manifests of which is remembered what they contain: some ten MB. */
const MAX_REMEMBERED = 100_000
/** What was not there is asked for again after that: somebody may have pushed it. */
const ABSENT_FOR_MS = 60_000

export interface UsedIndexesQuestion extends LookOptions {
  readonly repositories: Iterable<string>
  readonly used: Pick<UsedImages, 'digests'>
  /** Digests of which is known what they contain: they are not read. */
  readonly known: { has(digest: string): boolean }
  /** Only asked for where something has to be read. */
  readonly client: () => Promise<RegistryClient>
  /** Of requests. */
  readonly concurrency: number
}

export interface HeldImages {
  readonly holders: Holders
  /** Why one of the indexes is not among them: what it contains may be in use. */
  readonly damaged: TallymanError | undefined
}

/** What indexes contain that are in use, and that no plan has read (S35). What a digest contains never changes, so each is read once. */
export class UsedIndexes {
  /** By digest, everything below. */
  readonly #contents = new Map<string, readonly string[]>()
  /** By `repository@digest`, when it was found to be absent; monotonic ms. */
  readonly #absent = new Map<string, number>()

  /** @throws REGISTRY_*, CANCELLED where the registry does not say */
  async holders(question: UsedIndexesQuestion): Promise<HeldImages> {
    for (const remembered of [this.#contents, this.#absent])
      if (remembered.size > MAX_REMEMBERED) remembered.clear()
    const asked = [...unknownOf(question)]
    const unread = asked.filter((manifest) => !this.#isKnown(manifest, question.clock))
    const damaged = unread.length === 0 ? undefined : await this.#readAll(unread, question)
    const holders = new Map<string, RegistryImage[]>()
    for (const manifest of asked) {
      for (const digest of this.#contents.get(manifest.digest) ?? []) {
        const above = holders.get(digest) ?? []
        holders.set(digest, above)
        above.push(manifest)
      }
    }
    return { holders, damaged }
  }

  #isKnown(manifest: PlacedManifest, clock: Clock): boolean {
    if (this.#contents.has(manifest.digest)) return true
    const absentAt = this.#absent.get(keyOf(manifest))
    return absentAt !== undefined && clock.monotonic() - absentAt < ABSENT_FOR_MS
  }

  /** @returns why the first could not be read of those that are damaged */
  async #readAll(
    unread: readonly PlacedManifest[],
    { client, concurrency, ...options }: UsedIndexesQuestion,
  ): Promise<TallymanError | undefined> {
    const opened = await client()
    let damaged: TallymanError | undefined
    await sideBySide(unread, concurrency, async (manifest) => {
      const contents = await contentsOf(manifest, opened, options)
      if (contents === undefined) this.#absent.set(keyOf(manifest), options.clock.monotonic())
      else if (contents instanceof TallymanError) damaged ??= contents
      else this.#contents.set(manifest.digest, contents)
    })
    return damaged
  }
}

interface PlacedManifest {
  readonly repository: string
  readonly digest: string
}

function keyOf({ repository, digest }: PlacedManifest): string {
  return `${repository}@${digest}`
}

function* unknownOf({ repositories, used, known }: UsedIndexesQuestion): Generator<PlacedManifest> {
  for (const repository of new Set(repositories)) {
    for (const digest of used.digests(repository)) if (!known.has(digest)) yield { repository, digest }
  }
}

/** undefined: it is not there; an error: it, or an index in it, is damaged. */
async function contentsOf(
  { repository, digest }: PlacedManifest,
  client: RegistryClient,
  options: LookOptions,
  depth = 0,
): Promise<readonly string[] | TallymanError | undefined> {
  if (depth > MAX_DEPTH)
    throw new TallymanError(
      'REGISTRY_TOO_LARGE',
      `${repository}@${digest} lies more than ${MAX_DEPTH} indexes deep`,
    )
  const { signal } = options
  const look = await lookTwice(
    () => client.getManifest(repository, digest, { signal, lane: 'bulk' }),
    options,
  )
  if ('error' in look) {
    const { state } = sightOf(look.error)
    if (state === 'absent') return undefined
    // Of schema 1, or of a kind that no runtime knows.
    if (state === 'unsupported') return []
    if (state === 'damaged') return look.error
    throw look.error
  }
  if (look.value.kind !== 'index') return []
  const found = new Set<string>()
  for (const child of look.value.manifests) {
    found.add(child.digest)
    if (kindOf(child.mediaType) !== 'index') continue
    const below = await contentsOf({ repository, digest: child.digest }, client, options, depth + 1)
    if (below instanceof TallymanError) return below
    for (const each of below ?? []) found.add(each)
  }
  return [...found]
}
