import type { ManifestFacts, NamedBlob } from '#scan/manifest-facts.ts'
import { isContentDue, isFresh, type ProofPolicy } from '#scan/proof-age.ts'
import type { ReferrerNames } from '#scan/referrer-lists.ts'
import type { Clock } from '#time/clock.ts'

/** A moment by both clocks, ms. The monotonic one does not count the time that a machine sleeps, the other one can be set. */
interface Proven {
  readonly at: number
  /** Since the epoch. */
  readonly wall: number
}

/** When its bytes were read and had the digest. */
interface ProvenManifest {
  readonly proven: Proven
  readonly facts: ManifestFacts
}

/** When it was there in full length. */
interface ProvenBlob {
  readonly proven: Proven
  readonly size: number
  /** When all of its bytes were read and had the digest, monotonic ms. */
  readonly readAt: number | undefined
}

/** When they were listed, all of them. */
interface ListedReferrers {
  readonly proven: Proven
  readonly names: ReferrerNames
}

/** What is known of one repository from one lap to the next; all by digest, but for tags. */
interface KnownRepository {
  /** Digest of a tag when it was asked last. */
  readonly tags: Map<string, string>
  readonly manifests: Map<string, ProvenManifest>
  readonly blobs: Map<string, ProvenBlob>
  /** By what they refer to. */
  readonly referrers: Map<string, ListedReferrers>
}

/** What is known of one registry, by repository. */
type Known = Map<string, KnownRepository>

function nothingKnown(): KnownRepository {
  return { tags: new Map(), manifests: new Map(), blobs: new Map(), referrers: new Map() }
}

/** A hundred thousand images are proven in a lap: what is proven within this time shares a moment, its earliest. */
const SAME_MOMENT_MS = 100

/**
 * When the things of one registry were last proven to be there (S26): only what was seen, with bytes, never what was concluded. It lives
 * as long as the process: after a restart everything is proven anew.
 */
export class ProofMemory {
  /** Since when anything could have been read, monotonic ms. */
  readonly since: number
  #known: Known = new Map()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.since = clock.monotonic()
  }

  get known(): Known {
    return this.#known
  }

  /** A lap is complete: what it did not come across is forgotten. */
  replace(known: Known): void {
    this.#known = known
  }
}

export interface LapPolicy extends ProofPolicy {
  /** Every byte of every blob is read once in this long, ms; absent: no content is read. */
  readonly contentCycleMs?: number | undefined
}

/** The proofs of one lap: those of earlier laps that still count, and its own. */
export class LapProofs {
  readonly #memory: ProofMemory
  readonly #policy: LapPolicy
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>
  readonly #next: Known = new Map()
  readonly #shared = new SharedBlobs()
  readonly #started: Proven
  #moment: Proven
  #oldest = Number.POSITIVE_INFINITY

  constructor(memory: ProofMemory, policy: LapPolicy, clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#memory = memory
    this.#policy = policy
    this.#clock = clock
    this.#started = { at: clock.monotonic(), wall: clock.now() }
    this.#moment = this.#started
  }

  /** The digest that the tag had in the lap before, or in this one. */
  tag(repository: string, tag: string): string | undefined {
    return this.#next.get(repository)?.tags.get(tag) ?? this.#before(repository)?.tags.get(tag)
  }

  /** What is known of a manifest, where its proof still counts. */
  manifest(repository: string, digest: string): ManifestFacts | undefined {
    const next = this.#of(repository)
    const known = next.manifests.get(digest) ?? this.#before(repository)?.manifests.get(digest)
    if (known === undefined || !this.#isFresh(`${repository}@${digest}`, known.proven)) return undefined
    next.manifests.set(digest, known)
    this.#used(known.proven)
    return known.facts
  }

  /** Its bytes were read and have this digest; `tag` where it was asked for by one. */
  manifestProven(repository: string, tag: string | undefined, facts: ManifestFacts): void {
    const proven = this.#now()
    this.#of(repository).manifests.set(facts.digest, { proven, facts: this.#shared.sharing(facts) })
    if (tag !== undefined) this.tagSeen(repository, tag, facts.digest)
    this.#used(proven)
  }

  tagSeen(repository: string, tag: string, digest: string): void {
    this.#of(repository).tags.set(tag, digest)
  }

  /** Whether the proof of the blob still counts. */
  hasBlob(repository: string, blob: NamedBlob): boolean {
    const known = this.#blob(repository, blob)
    if (known === undefined || !this.#isFresh(blobKey(repository, blob), known.proven)) return false
    this.#of(repository).blobs.set(blob.digest, known)
    this.#used(known.proven)
    return true
  }

  /** Whether its content is to be read in this lap. */
  isContentDue(repository: string, blob: NamedBlob): boolean {
    const { contentCycleMs: cycleMs, untilNextLapMs } = this.#policy
    if (cycleMs === undefined) return false
    // What was never read is due with the first slot after we began.
    const readAt = this.#blob(repository, blob)?.readAt ?? this.#memory.since - untilNextLapMs
    const now = this.#clock.now()
    const lastAt = now - (this.#clock.monotonic() - readAt)
    return isContentDue(blobKey(repository, blob), lastAt, now, { cycleMs, untilNextLapMs })
  }

  /** It is there in full length; `read`: and all of its bytes were hashed. */
  blobProven(repository: string, blob: NamedBlob, read: boolean): void {
    const proven = this.#now()
    const readAt = read ? proven.at : this.#blob(repository, blob)?.readAt
    this.#of(repository).blobs.set(blob.digest, { proven, size: blob.size, readAt })
    this.#used(proven)
  }

  /** What refers to a manifest, where the list of it still counts. */
  referrers(repository: string, digest: string): ReferrerNames | undefined {
    const next = this.#of(repository)
    const listed = next.referrers.get(digest) ?? this.#before(repository)?.referrers.get(digest)
    if (listed === undefined || !this.#isFresh(`${repository}@${digest}`, listed.proven)) return undefined
    next.referrers.set(digest, listed)
    this.#used(listed.proven)
    return listed.names
  }

  /** The registry listed all that refers to it. */
  referrersListed(repository: string, digest: string, names: ReferrerNames): void {
    const proven = this.#now()
    this.#of(repository).referrers.set(digest, { names, proven })
    this.#used(proven)
  }

  /** When the oldest of the proofs that this lap stands on was made, ms since the epoch; undefined: it stands on none. */
  get oldest(): number | undefined {
    if (this.#oldest === Number.POSITIVE_INFINITY) return undefined
    return this.#clock.now() - (this.#clock.monotonic() - this.#oldest)
  }

  /** Blobs that this lap came across, and how many of them were read and hashed within the cycle. */
  get content(): { readonly blobs: number; readonly read: number } {
    const { contentCycleMs = 0 } = this.#policy
    const now = this.#clock.monotonic()
    let blobs = 0
    let read = 0
    for (const known of this.#next.values()) {
      blobs += known.blobs.size
      for (const { readAt } of known.blobs.values()) {
        if (readAt !== undefined && now - readAt <= contentCycleMs + this.#policy.untilNextLapMs) read += 1
      }
    }
    return { blobs, read }
  }

  /** The lap is complete: the next one begins with its proofs. */
  keep(): void {
    this.#memory.replace(this.#next)
  }

  #of(repository: string): KnownRepository {
    const known = this.#next.get(repository) ?? nothingKnown()
    this.#next.set(repository, known)
    return known
  }

  #before(repository: string): KnownRepository | undefined {
    return this.#memory.known.get(repository)
  }

  /** A proof of another length is none. */
  #blob(repository: string, { digest, size }: NamedBlob): ProvenBlob | undefined {
    const known = this.#next.get(repository)?.blobs.get(digest) ?? this.#before(repository)?.blobs.get(digest)
    return known?.size === size ? known : undefined
  }

  /** The older of what the two clocks say. */
  #isFresh(key: string, { at, wall }: Proven): boolean {
    const age = Math.max(this.#started.at - at, this.#started.wall - wall)
    return at >= this.#started.at || isFresh(key, age, this.#policy)
  }

  #now(): Proven {
    const at = this.#clock.monotonic()
    if (at - this.#moment.at >= SAME_MOMENT_MS) this.#moment = { at, wall: this.#clock.now() }
    return this.#moment
  }

  #used({ at }: Proven): void {
    this.#oldest = Math.min(this.#oldest, at)
  }
}

/** Makes equal blobs one object: images of a registry have most of their layers in common. */
class SharedBlobs {
  readonly #blobs = new Map<string, NamedBlob>()

  sharing(facts: ManifestFacts): ManifestFacts {
    const { config, layers } = facts
    return { ...facts, config: config && this.#one(config), layers: layers.map((layer) => this.#one(layer)) }
  }

  #one(blob: NamedBlob): NamedBlob {
    const known = this.#blobs.get(blob.digest)
    if (known?.size === blob.size) return known
    this.#blobs.set(blob.digest, blob)
    return blob
  }
}

function blobKey(repository: string, { digest, size }: NamedBlob): string {
  return `${repository}@${digest}:${size}`
}
