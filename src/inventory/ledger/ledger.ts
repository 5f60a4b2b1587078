const HOUR_MS = 3_600_000
/** What was noted less than this ago is not noted again. */
const FRESH_MS = HOUR_MS / 2
/** What was not noted for so long had gone out of use: that it is back must not be forgotten either. */
const BACK_AFTER_MS = 2 * HOUR_MS
/** A sight of what is in use may be noted, and be written, this much late: what is remembered stays that much longer. */
const LATE_MS = 3 * HOUR_MS
/** Of the workloads that used an image, as many are remembered. */
const MAX_USERS = 3

/** Something used an image. */
export interface Sight {
  /** As the object writes it. */
  readonly image: string
  /** Digests of manifests or indexes that ran. */
  readonly digests: readonly string[]
  /** Digests of image configs, where the runtime reports no more than that (S06). */
  readonly configs: readonly string[]
  /** `namespace/Kind/name`. */
  readonly users: readonly string[]
}

/** When something was seen: on the wall clock for people, in watched time (watched-time.ts) to measure ages; milliseconds. */
export interface SightTime {
  readonly wall: number
  readonly watched: number
}

export interface SeenDigest {
  readonly digest: string
  readonly isConfig: boolean
  /** Watched time, ms. */
  readonly watched: number
}

/** One image as it is remembered. Hours are full hours, in ms since the epoch. */
export interface LedgerEntry {
  readonly image: string
  readonly firstSeen: number
  readonly lastSeen: number
  /** Watched time of the last sight, ms. */
  readonly watched: number
  readonly users: readonly string[]
  readonly digests: readonly SeenDigest[]
}

/**
 * Which images one cluster used, and when last (S02). What is in use now is noted about once an hour; so that nothing
 * leaves early, an entry stays three hours longer than it has to.
 */
export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>()
  #changes = 0

  constructor(entries: Iterable<LedgerEntry> = []) {
    for (const entry of entries) this.#entries.set(entry.image, entry)
  }

  get size(): number {
    return this.#entries.size
  }

  /** Grows whenever an image or a digest was seen for the first time, or left: what is remembered is another set. */
  get changes(): number {
    return this.#changes
  }

  get(image: string): LedgerEntry | undefined {
    return this.#entries.get(image)
  }

  entries(): IterableIterator<LedgerEntry> {
    return this.#entries.values()
  }

  /**
   * Notes that something uses or used an image. A sight that is older than what is known adds to it and takes nothing back.
   * @returns `first`: image or digest was not known, or is back in use, which must not be forgotten; `later`: it was refreshed; undefined: known as it is
   */
  see(sight: Sight, time: SightTime): 'first' | 'later' | undefined {
    const known = this.#entries.get(sight.image)
    const hour = Math.floor(time.wall / HOUR_MS) * HOUR_MS
    const digests = seenDigests(known?.digests ?? [], sight, time.watched)
    const notedAgo = known === undefined ? 0 : time.watched - leastNoted(known, sight)
    const first = known === undefined || digests.length > known.digests.length || notedAgo >= BACK_AFTER_MS
    if (first) this.#changes += 1
    else if (notedAgo < FRESH_MS) return undefined
    this.#entries.set(sight.image, {
      image: sight.image,
      firstSeen: Math.min(known?.firstSeen ?? hour, hour),
      lastSeen: Math.max(known?.lastSeen ?? hour, hour),
      watched: Math.max(known?.watched ?? time.watched, time.watched),
      users: [...new Set([...sight.users, ...(known?.users ?? [])])].slice(0, MAX_USERS),
      digests,
    })
    return first ? 'first' : 'later'
  }

  /**
   * Adds an entry of another ledger of the same cluster.
   * @param ahead by how much our watched time is ahead of the other's, ms
   */
  unite(entry: LedgerEntry, ahead: number): void {
    const known = this.#entries.get(entry.image)
    const digests = new Map(known?.digests.map((seen) => [seen.digest, seen]))
    for (const seen of entry.digests) {
      const watched = Math.max(digests.get(seen.digest)?.watched ?? 0, seen.watched + ahead)
      digests.set(seen.digest, { ...seen, watched })
    }
    this.#entries.set(entry.image, {
      image: entry.image,
      firstSeen: Math.min(known?.firstSeen ?? entry.firstSeen, entry.firstSeen),
      lastSeen: Math.max(known?.lastSeen ?? entry.lastSeen, entry.lastSeen),
      watched: Math.max(known?.watched ?? 0, entry.watched + ahead),
      users: known?.users ?? entry.users,
      digests: [...digests.values()],
    })
    this.#changes += 1
  }

  /**
   * Lets go of what was not seen for `retainMs` of watched time.
   * @param watched the watched time now, ms
   * @param isLive whether something uses the image now: that never leaves
   * @returns the images of which something left
   */
  expire(watched: number, retainMs: number, isLive: (image: string) => boolean): string[] {
    const left: string[] = []
    const isOld = (seen: number) => watched - seen >= retainMs + LATE_MS
    for (const entry of this.#entries.values()) {
      if (isOld(entry.watched) && !isLive(entry.image)) this.#entries.delete(entry.image)
      else {
        const digests = entry.digests.filter((seen) => !isOld(seen.watched))
        if (digests.length === entry.digests.length) continue
        this.#entries.set(entry.image, { ...entry, digests })
      }
      left.push(entry.image)
    }
    if (left.length > 0) this.#changes += 1
    return left
  }
}

/** When the image was noted, or the digest of it that was noted the longest ago of those that are seen; watched time. */
function leastNoted(known: LedgerEntry, { digests, configs }: Sight): number {
  let least = known.watched
  for (const { digest, watched } of known.digests) {
    if (watched < least && (digests.includes(digest) || configs.includes(digest))) least = watched
  }
  return least
}

/** `known` with what the sight adds, in the order of first sight. */
function seenDigests(known: readonly SeenDigest[], sight: Sight, watched: number): readonly SeenDigest[] {
  if (sight.digests.length === 0 && sight.configs.length === 0) return known
  const all = new Map(known.map((seen) => [seen.digest, seen]))
  const add = (digest: string, isConfig: boolean) => {
    const at = Math.max(all.get(digest)?.watched ?? watched, watched)
    all.set(digest, { digest, isConfig, watched: at })
  }
  for (const digest of sight.digests) add(digest, false)
  for (const digest of sight.configs) add(digest, true)
  return [...all.values()]
}
