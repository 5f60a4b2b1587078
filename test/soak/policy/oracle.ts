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

const BEFORE_BARRIER = 'it was there, and in use before the barrier (S03)'

/** What a pod uses: a tag, or a digest of a repository. */
export interface Used {
  readonly shop: string
  readonly repository: string
  /** A tag or a digest. */
  readonly reference: string
}

/** A push under a tag. Moments are machineTime. */
export interface Push {
  readonly used: Used
  /** Of the manifest, and of everything below it. */
  readonly digests: readonly [string, ...string[]]
  /** The tag, or the manifest, was there before: it may be about to go in this very moment. */
  readonly isMove: boolean
}

interface Binding extends Push {
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
  /** When it was seen whole last. */
  wholeAt: number | undefined
  /** It was seen whole after the barrier: nobody may take it any more. */
  isProtected: boolean
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
  /** By digest, of its manifest and everything below it. */
  readonly #below = new Map<string, readonly string[]>()
  /** By tag or manifest, when the operator wrote or deleted it. */
  readonly #touched = new Map<string, number[]>()
  readonly #sightings = new Map<string, Sighting>()
  #calmSince: number | undefined
  /** How often an image in use was looked at. */
  judged = 0

  constructor(now: number) {
    this.#calmSince = now
  }

  /** A push under a tag is about to be sent: until it was answered nobody knows what the tag names. */
  pushing({ used }: Push): void {
    this.#pushing.add(keyOf(used))
  }

  /** It was answered. */
  pushed(push: Push, sentAt: number, now: number): void {
    const key = keyOf(push.used)
    this.#pushing.delete(key)
    this.#bindings.set(key, { ...push, sentAt, ackedAt: now })
    this.#below.set(push.digests[0], push.digests)
    this.#sightings.delete(key)
  }

  /** What the last acknowledged push of a tag has put there. */
  boundTo(used: Used): string | undefined {
    return this.#bindings.get(keyOf(used))?.digests[0]
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

  /**
   * The operator has sent a PUT or a DELETE of a tag or a manifest. A PUT of a tag that is whole can only be that of a placeholder.
   * @returns what is lost by it if it is carried out: what was in use before the barrier nobody may ask to take
   */
  touched(touched: Used, method: 'PUT' | 'DELETE', now: number): Lost[] {
    const touchedKey = keyOf(touched)
    this.#touched.set(touchedKey, [...(this.#touched.get(touchedKey) ?? []), now])
    if (method === 'PUT' && touched.reference.startsWith('sha256:')) return []
    return this.inUse.flatMap((used): Lost[] => {
      const key = keyOf(used)
      const use = this.#oldestUse(used)
      const isSteady = this.#sightings.get(key)?.isProtected === true && !this.#pushing.has(key)
      if (use === undefined || !isSteady || !this.#needs(used).includes(touchedKey)) return []
      const problem = `a ${method} of ${touchedKey} was carried out`
      return [{ used, why: BEFORE_BARRIER, by: use.by, from: use.from, problem }]
    })
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
    const begunAt = Math.max(use.from, binding?.ackedAt ?? 0)
    const isOther = problem === undefined && binding !== undefined && digest !== binding.digests[0]
    const wrong = isOther ? `the tag names ${digest}, and ${binding.digests[0]} was pushed` : problem
    if (wrong === undefined) {
      sighting.wholeAt = startedAt
      sighting.isProtected ||= startedAt >= begunAt + BARRIER_MS
      return []
    }
    const loss = (why: string): Lost[] => [{ used, why, by: use.by, from: use.from, problem: wrong }]
    if (sighting.isProtected) return loss(BEFORE_BARRIER)
    if (this.#calmSince === undefined) return []
    const missingSince = Math.max(begunAt, sighting.wholeAt ?? 0)
    const limit = missingSince < this.#calmSince ? BACK_AFTER_OUTAGE_MS : BACK_WITHIN_MS
    const isLate = now - Math.max(missingSince, this.#calmSince) > limit
    return isLate ? loss('it came into use and is not back (S04)') : []
  }

  /** A tag that was moved in the very moment in which it, or what it names by now, went: it is gone, or names again what it did before. */
  #wentInGap({ used, problem, digest }: Seen, binding: Binding | undefined): boolean {
    if (binding?.isMove !== true || (problem === undefined && digest === binding.digests[0])) return false
    const gap = this.#calmSince === undefined ? GAP_IN_A_STORM_MS : GAP_MS
    const touched = this.#needs(used).flatMap((key) => this.#touched.get(key) ?? [])
    return touched.some((at) => at > binding.sentAt - GAP_MS && at < binding.ackedAt + gap)
  }

  /** The tag and the manifests without which it does not pull. */
  #needs(used: Used): string[] {
    const digest = this.boundTo(used) ?? used.reference
    const references = new Set([used.reference, digest, ...(this.#below.get(digest) ?? [])])
    return [...references].map((reference) => keyOf({ ...used, reference }))
  }

  #sightingOf(used: Used): Sighting {
    const key = keyOf(used)
    const sighting = this.#sightings.get(key) ?? { wholeAt: undefined, isProtected: false }
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
