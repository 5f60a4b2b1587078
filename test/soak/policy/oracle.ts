/** A consent of a run is 5 s old at most (S03); the rest is what a request and a look take on a busy machine. */
const BARRIER_MS = 8_000
/** What came into use later is back within ten seconds (S04), and a look takes a while. */
const BACK_WITHIN_MS = 13_000
/** The same for what an outage has kept from coming back: it is tried again every minute. */
const BACK_AFTER_OUTAGE_MS = 75_000
/** How old what is believed of tags may be when a manifest is deleted: no registry can compare and swap (docs/deleting.md). */
const GAP_MS = 4_000
/** The same while answers are late. */
const GAP_IN_A_STORM_MS = 30_000

/** What a pod uses: a tag, or a digest of a repository. */
export interface Used {
  readonly shop: string
  readonly repository: string
  /** A tag or a digest. */
  readonly reference: string
}

/** What CI has pushed under a tag. Moments are machineTime. */
interface Binding {
  readonly digest: string
  /** The manifest and everything below it. */
  readonly digests: readonly string[]
  readonly sentAt: number
  readonly ackedAt: number
}

interface Use {
  readonly used: Used
  /** The API server had acknowledged the pod. */
  readonly from: number
  readonly by: string
}

/** What a look at one image in use has found. */
export interface Seen {
  readonly used: Used
  /** undefined: it pulls whole. */
  readonly problem: string | undefined
  /** What a tag names. */
  readonly digest: string | undefined
}

export interface Lost {
  readonly used: Used
  readonly why: string
  readonly by: string
  readonly from: number
  readonly problem: string
}

interface Sighting {
  wholeAt: number | undefined
  missingSince: number | undefined
}

/**
 * The obvious way to say what has to pull: what a pod uses that was there, from eight seconds after both the pod and the push of its tag were acknowledged (S03),
 * and everything else that a pod uses within ten seconds, but for outages (S04). It knows nothing of plans, rules and runs.
 */
export class Oracle {
  /** By pod. */
  readonly #uses = new Map<string, Use>()
  readonly #bindings = new Map<string, Binding>()
  readonly #pushing = new Set<string>()
  /** By digest, when a DELETE of it was sent. */
  readonly #deletes = new Map<string, number[]>()
  readonly #sightings = new Map<string, Sighting>()
  #calmSince: number | undefined
  /** How often an image in use was looked at. */
  judged = 0

  constructor(now: number) {
    this.#calmSince = now
  }

  /** A push under a tag is about to be sent: until it was answered nobody knows what the tag names. */
  pushing(used: Used): void {
    this.#pushing.add(keyOf(used))
  }

  /** It was answered. @param digests of the manifest and of everything below it */
  pushed(used: Used, digest: string, digests: readonly string[], sentAt: number, now: number): void {
    const key = keyOf(used)
    this.#pushing.delete(key)
    this.#bindings.set(key, { digest, digests, sentAt, ackedAt: now })
    this.#sightings.delete(key)
  }

  /** What the last acknowledged push of a tag has put there. */
  boundTo(used: Used): string | undefined {
    return this.#bindings.get(keyOf(used))?.digest
  }

  /** The API server acknowledged a pod. */
  used(by: string, used: Used, now: number): void {
    this.#uses.set(by, { used, by, from: now })
  }

  /** Its deletion is about to be asked for. */
  leaving(by: string): void {
    const use = this.#uses.get(by)
    this.#uses.delete(by)
    if (use === undefined) return
    const key = keyOf(use.used)
    if (![...this.#uses.values()].some(({ used }) => keyOf(used) === key)) this.#sightings.delete(key)
  }

  /** A DELETE of a manifest has been sent to the registry. */
  deleting(digest: string, now: number): void {
    this.#deletes.set(digest, [...(this.#deletes.get(digest) ?? []), now])
  }

  /** Something is wrong with the servers, the network or the operator. */
  disturbed(): void {
    this.#calmSince = undefined
  }

  /** Nothing is any more: within `settlesInMs` somebody leads again and knows what was done. */
  calm(now: number, settlesInMs: number): void {
    this.#calmSince = now + settlesInMs
  }

  /** Each image in use, once. */
  get inUse(): Used[] {
    return [...new Map([...this.#uses.values()].map(({ used }) => [keyOf(used), used])).values()]
  }

  isInUse(used: Used): boolean {
    const key = keyOf(used)
    return [...this.#uses.values()].some((use) => keyOf(use.used) === key)
  }

  /**
   * Holds a look against the truth.
   * @param startedAt when the look began, `now` when it ended
   * @returns what was lost, and the tags that were pushed in the moment in which their digest went: nobody can miss those, and CI has to push them again
   */
  judge(seen: readonly Seen[], startedAt: number, now: number): { lost: Lost[]; inGap: Used[] } {
    const lost: Lost[] = []
    const inGap: Used[] = []
    for (const each of seen) {
      const use = this.#oldestUse(each.used)
      const binding = this.#bindings.get(keyOf(each.used))
      const isUnsteady = this.#pushing.has(keyOf(each.used)) || (binding?.ackedAt ?? 0) > startedAt
      if (use === undefined || use.from > startedAt || isUnsteady) continue
      this.judged += 1
      if (this.#wentInGap(each, binding)) inGap.push(each.used)
      else lost.push(...this.#verdict(each, use, binding, startedAt, now))
    }
    return { lost, inGap }
  }

  #verdict(
    { used, problem, digest }: Seen,
    use: Use,
    binding: Binding | undefined,
    startedAt: number,
    now: number,
  ): Lost[] {
    const sighting = this.#sightingOf(used)
    const protectedFrom = Math.max(use.from, binding?.ackedAt ?? 0) + BARRIER_MS
    const isOther = problem === undefined && binding !== undefined && digest !== binding.digest
    const wrong = isOther ? `the tag names ${digest}, and ${binding.digest} was pushed` : problem
    if (wrong === undefined) {
      sighting.missingSince = undefined
      if (startedAt >= protectedFrom) sighting.wholeAt = now
      return []
    }
    sighting.missingSince ??= startedAt
    const loss = (why: string): Lost[] => [{ used, why, by: use.by, from: use.from, problem: wrong }]
    if (sighting.wholeAt !== undefined) return loss('it was there, and in use before the barrier (S03)')
    if (this.#calmSince === undefined) return []
    const began = Math.max(sighting.missingSince, use.from)
    const limit = began < this.#calmSince ? BACK_AFTER_OUTAGE_MS : BACK_WITHIN_MS
    const isLate = now - Math.max(began, this.#calmSince) > limit
    return isLate ? loss('it came into use and is not back (S04)') : []
  }

  /** A tag that was pushed onto a manifest in the very moment in which that went: it is gone, or names again what it did before. */
  #wentInGap({ problem, digest }: Seen, binding: Binding | undefined): boolean {
    if (binding === undefined || (problem === undefined && digest === binding.digest)) return false
    const gap = this.#calmSince === undefined ? GAP_IN_A_STORM_MS : GAP_MS
    return binding.digests
      .flatMap((each) => this.#deletes.get(each) ?? [])
      .some((at) => at > binding.sentAt - GAP_MS && at < binding.ackedAt + gap)
  }

  #sightingOf(used: Used): Sighting {
    const key = keyOf(used)
    const sighting = this.#sightings.get(key) ?? { wholeAt: undefined, missingSince: undefined }
    this.#sightings.set(key, sighting)
    return sighting
  }

  #oldestUse(used: Used): Use | undefined {
    const key = keyOf(used)
    return [...this.#uses.values()]
      .filter((use) => keyOf(use.used) === key)
      .sort((a, b) => a.from - b.from)[0]
  }
}

export function keyOf({ shop, repository, reference }: Used): string {
  return `${shop}/${repository}${reference.startsWith('sha256:') ? '@' : ':'}${reference}`
}
