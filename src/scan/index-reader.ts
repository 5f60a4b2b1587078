import { TallymanError } from '#catalogue/error.ts'
import type { RegistryClient } from '#registry/client.ts'
import { kindOf } from '#registry/media-types.ts'
import { MAX_NESTING } from '#registry/nesting.ts'
import { type LookOptions, lookOnce, lookTwice, sightOf } from '#scan/look.ts'
import type { SeenManifest, SeenManifests } from '#scan/seen-manifests.ts'

/** Manifests that are read of one index. */
const MAX_READ = 1_000
/** Where it contains more than that, no further index in it is read. */
const MAX_CONTENTS = 20_000
/** What was not there, or damaged, is asked for again after that: somebody may have pushed it. */
const ASK_AGAIN_AFTER_MS = 60_000
/** The longer it stays away, the less often, down to that. Most of it was evicted, and is remembered. */
const ASK_AGAIN_AT_LEAST_MS = 16 * ASK_AGAIN_AFTER_MS

const NOTHING: SeenManifest = { children: [], indexes: [] }

export interface PlacedManifest {
  readonly repository: string
  readonly digest: string
}

export interface IndexReaderParts extends LookOptions {
  /** What was seen before, by whomever: that is not read again. */
  readonly seen: SeenManifests
  /** Only asked for where something has to be read. */
  readonly client: () => Promise<RegistryClient>
}

/** Reads for one question what indexes contain, no manifest more than once. */
export class IndexReader {
  readonly #parts: IndexReaderParts
  /** By `repository@digest`: what was read for this question. */
  readonly #looks = new Map<string, Promise<SeenManifest | TallymanError>>()
  readonly #absent = new Set<string>()
  #isDamaged = false
  #client: Promise<RegistryClient> | undefined
  #askAgainAt = Number.POSITIVE_INFINITY

  constructor(parts: IndexReaderParts) {
    this.#parts = parts
  }

  /**
   * @returns the digests of everything below; an error: it, or an index in it, is damaged, or it is too large to be read whole
   * @throws REGISTRY_*, CANCELLED where the registry does not say
   */
  async contentsOf({ repository, digest }: PlacedManifest): Promise<ReadonlySet<string> | TallymanError> {
    const found = new Set<string>()
    // Grows while it is walked.
    const depths = new Map([[digest, 0]])
    for (const [each, depth] of depths) {
      if (depth > MAX_NESTING || depths.size > MAX_READ || found.size > MAX_CONTENTS)
        return new TallymanError(
          'REGISTRY_TOO_LARGE',
          `The index ${repository}@${digest} is in use and too large to be read whole: up to ${MAX_NESTING} indexes deep, ${MAX_READ} indexes and ${MAX_CONTENTS} manifests are`,
        )
      const look = await this.#look({ repository, digest: each })
      if (look instanceof TallymanError) return look
      for (const child of look.children) found.add(child)
      for (const index of look.indexes) if (!depths.has(index)) depths.set(index, depth + 1)
    }
    return found
  }

  /** The question has been answered, or cannot be. What was absent counts as seen from now on: however long it took, none of it is old by then. */
  end(): void {
    const { seen, clock } = this.#parts
    const now = clock.monotonic()
    for (const place of this.#absent) {
      const absentForMs = nextWait(seen.get(place)?.absentForMs)
      seen.set(place, { ...NOTHING, absentAt: now, absentForMs })
      this.#learn(now + absentForMs)
    }
    if (this.#isDamaged) this.#learn(now + ASK_AGAIN_AFTER_MS)
  }

  /** Monotonic ms; undefined: nothing was absent or damaged. */
  get askAgainAt(): number | undefined {
    return this.#askAgainAt === Number.POSITIVE_INFINITY ? undefined : this.#askAgainAt
  }

  #learn(askAgainAt: number): void {
    this.#askAgainAt = Math.min(this.#askAgainAt, askAgainAt)
  }

  async #look(manifest: PlacedManifest): Promise<SeenManifest | TallymanError> {
    const place = `${manifest.repository}@${manifest.digest}`
    const before = this.#parts.seen.get(place)
    const askAgainAt = (before?.absentAt ?? Number.POSITIVE_INFINITY) + (before?.absentForMs ?? 0)
    if (before !== undefined && this.#parts.clock.monotonic() < askAgainAt) {
      this.#learn(askAgainAt)
      return before
    }
    const look = this.#looks.get(place) ?? this.#read(manifest, place, before !== undefined)
    this.#looks.set(place, look)
    return await look
  }

  async #read(
    { repository, digest }: PlacedManifest,
    place: string,
    wasAbsent: boolean,
  ): Promise<SeenManifest | TallymanError> {
    const { client, clock, signal, seen } = this.#parts
    this.#client ??= client()
    const opened = await this.#client
    // A request that deletes waits for it, or a part that is to come back.
    const get = () => opened.getManifest(repository, digest, { signal, lane: 'interactive' })
    // What was absent twice before is so by one look more.
    const look = wasAbsent ? await lookOnce(get, signal) : await lookTwice(get, { clock, signal })
    if ('error' in look) {
      const { state } = sightOf(look.error)
      if (state === 'absent') {
        this.#absent.add(place)
        return NOTHING
      }
      if (state === 'damaged') {
        this.#isDamaged = true
        return look.error
      }
      // Of schema 1, or of a kind that no runtime knows.
      if (state !== 'unsupported') throw look.error
    }
    const manifests = 'value' in look && look.value.kind === 'index' ? look.value.manifests : []
    const manifest = {
      children: manifests.map((child) => child.digest),
      indexes: manifests
        .filter(({ mediaType }) => kindOf(mediaType) === 'index')
        .map((child) => child.digest),
    }
    seen.set(place, manifest)
    return manifest
  }
}

function nextWait(last: number | undefined): number {
  return last === undefined ? ASK_AGAIN_AFTER_MS : Math.min(2 * last, ASK_AGAIN_AT_LEAST_MS)
}
