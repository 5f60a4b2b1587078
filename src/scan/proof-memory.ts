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
interface ProvenManifest extends Proven {
  readonly facts: ManifestFacts
}

/** When it was there in full length. */
interface ProvenBlob extends Proven {
  /** When all of its bytes were read and had the digest, monotonic ms. */
  readonly readAt: number | undefined
}

/** When they were listed, all of them. */
interface ListedReferrers extends Proven {
  readonly names: ReferrerNames
}

/** What is known of one registry from one lap to the next. */
interface Known {
  /** Digest of a tag when it was asked last, by `repository:tag`. */
  readonly tags: Map<string, string>
  /** By `repository@digest`. */
  readonly manifests: Map<string, ProvenManifest>
  /** By `repository@digest:size`. */
  readonly blobs: Map<string, ProvenBlob>
  /** By `repository@digest` of what they refer to. */
  readonly referrers: Map<string, ListedReferrers>
}

function nothingKnown(): Known {
  return { tags: new Map(), manifests: new Map(), blobs: new Map(), referrers: new Map() }
}

/**
 * When the things of one registry were last proven to be there (S26): only what was seen, with bytes, never what was concluded. It lives
 * as long as the process: after a restart everything is proven anew.
 */
export class ProofMemory {
  /** Since when anything could have been read, monotonic ms. */
  readonly since: number
  #known = nothingKnown()

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
  readonly #next = nothingKnown()
  readonly #started: Proven
  #oldest = Number.POSITIVE_INFINITY

  constructor(memory: ProofMemory, policy: LapPolicy, clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#memory = memory
    this.#policy = policy
    this.#clock = clock
    this.#started = this.#now()
  }

  /** The digest that the tag had in the lap before, or in this one. */
  tag(repository: string, tag: string): string | undefined {
    const key = `${repository}:${tag}`
    return this.#next.tags.get(key) ?? this.#memory.known.tags.get(key)
  }

  /** What is known of a manifest, where its proof still counts. */
  manifest(repository: string, digest: string): ManifestFacts | undefined {
    const key = `${repository}@${digest}`
    const proven = this.#next.manifests.get(key) ?? this.#memory.known.manifests.get(key)
    if (proven === undefined || !this.#isFresh(key, proven)) return undefined
    this.#next.manifests.set(key, proven)
    this.#used(proven.at)
    return proven.facts
  }

  /** Its bytes were read and have this digest; `tag` where it was asked for by one. */
  manifestProven(repository: string, tag: string | undefined, facts: ManifestFacts): void {
    const { at, wall } = this.#now()
    this.#next.manifests.set(`${repository}@${facts.digest}`, { facts, at, wall })
    if (tag !== undefined) this.tagSeen(repository, tag, facts.digest)
    this.#used(at)
  }

  tagSeen(repository: string, tag: string, digest: string): void {
    this.#next.tags.set(`${repository}:${tag}`, digest)
  }

  /** Whether the proof of the blob still counts. */
  hasBlob(repository: string, blob: NamedBlob): boolean {
    const key = blobKey(repository, blob)
    const proven = this.#blob(key)
    if (proven === undefined || !this.#isFresh(key, proven)) return false
    this.#next.blobs.set(key, proven)
    this.#used(proven.at)
    return true
  }

  /** Whether its content is to be read in this lap. */
  isContentDue(repository: string, blob: NamedBlob): boolean {
    const { contentCycleMs: cycleMs, untilNextLapMs } = this.#policy
    if (cycleMs === undefined) return false
    const key = blobKey(repository, blob)
    // What was never read is due with the first slot after we began.
    const readAt = this.#blob(key)?.readAt ?? this.#memory.since - untilNextLapMs
    const now = this.#clock.now()
    return isContentDue(key, now - (this.#clock.monotonic() - readAt), now, { cycleMs, untilNextLapMs })
  }

  /** It is there in full length; `read`: and all of its bytes were hashed. */
  blobProven(repository: string, blob: NamedBlob, read: boolean): void {
    const key = blobKey(repository, blob)
    const { at, wall } = this.#now()
    this.#next.blobs.set(key, { at, wall, readAt: read ? at : this.#blob(key)?.readAt })
    this.#used(at)
  }

  /** What refers to a manifest, where the list of it still counts. */
  referrers(repository: string, digest: string): ReferrerNames | undefined {
    const key = `${repository}@${digest}`
    const listed = this.#next.referrers.get(key) ?? this.#memory.known.referrers.get(key)
    if (listed === undefined || !this.#isFresh(key, listed)) return undefined
    this.#next.referrers.set(key, listed)
    this.#used(listed.at)
    return listed.names
  }

  /** The registry listed all that refers to it. */
  referrersListed(repository: string, digest: string, names: ReferrerNames): void {
    const { at, wall } = this.#now()
    this.#next.referrers.set(`${repository}@${digest}`, { names, at, wall })
    this.#used(at)
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
    let read = 0
    for (const { readAt } of this.#next.blobs.values()) {
      if (readAt !== undefined && now - readAt <= contentCycleMs + this.#policy.untilNextLapMs) read += 1
    }
    return { blobs: this.#next.blobs.size, read }
  }

  /** The lap is complete: the next one begins with its proofs. */
  keep(): void {
    this.#memory.replace(this.#next)
  }

  #blob(key: string): ProvenBlob | undefined {
    return this.#next.blobs.get(key) ?? this.#memory.known.blobs.get(key)
  }

  /** The older of what the two clocks say. */
  #isFresh(key: string, { at, wall }: Proven): boolean {
    const age = Math.max(this.#started.at - at, this.#started.wall - wall)
    return at >= this.#started.at || isFresh(key, age, this.#policy)
  }

  #now(): Proven {
    return { at: this.#clock.monotonic(), wall: this.#clock.now() }
  }

  #used(at: number): void {
    this.#oldest = Math.min(this.#oldest, at)
  }
}

function blobKey(repository: string, { digest, size }: NamedBlob): string {
  return `${repository}@${digest}:${size}`
}
