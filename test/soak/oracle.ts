import type { Sight } from './messages.ts'
import type { Writable } from './writable.ts'

/** A first sight is written within this time, where it can be written. */
const WRITTEN_WITHIN_MS = 10_000
/** Up to when a look at it is late, and a write takes. */
const SLACK_MS = 3_000
/** No snapshot on its way to us is older. */
const FORGOTTEN_AFTER_MS = 120_000

/** What an object uses: an image, or the digest that it runs. Moments are machineTime. */
interface Use {
  readonly cluster: string
  readonly by: string
  readonly what: string
  /** The API server had acknowledged it. */
  readonly from: number
  /** The request that ends it was sent: from then on nobody knows. */
  until: number | undefined
  /** Until then a proxy may have left it out, so that nobody could know of it; Infinity: it is still there. */
  hiddenUntil: number
}

/** Something that a snapshot should have held. */
export interface Lost {
  readonly what: string
  readonly why: string
  readonly cluster: string
  /** The object, where it is there. */
  readonly by: string | undefined
  readonly from: number
  readonly sight: Sight
}

interface Shown {
  /** When a snapshot held it for the first time, or again. */
  at: number
  /** No process can forget it. */
  isWritten: boolean
}

/**
 * The obvious way to say what a snapshot must hold: everything that an API server acknowledged before its barrier and that is still there
 * (S03), and everything that a snapshot has shown before, whether it is still used or not (S02). Nothing ages: the soak is shorter than
 * anything is retained.
 */
export class Oracle {
  readonly #writable: Writable
  /** By cluster and object. */
  readonly #uses = new Map<string, Use[]>()
  readonly #shown = new Map<string, Shown>()
  readonly #everUsed = new Set<string>()
  readonly #leftOut = new Map<string, (by: string) => boolean>()
  #isTampered = false
  #coveredSince: number
  sights = 0
  /** How many said Synced and Trusted. */
  judged = 0

  /** @param writable when the ledger could be written */
  constructor(writable: Writable, now: number) {
    this.#writable = writable
    this.#coveredSince = now
  }

  /** The API server acknowledged that the object is there and uses this. */
  used(cluster: string, by: string, what: readonly string[], now: number): void {
    const hiddenUntil = this.#leftOut.get(cluster)?.(by) === true ? Number.POSITIVE_INFINITY : now
    const uses = what.map((each) => ({ cluster, by, what: each, from: now, until: undefined, hiddenUntil }))
    this.#of(cluster, by).push(...uses)
    for (const each of what) this.#everUsed.add(each)
  }

  /** It is about to be asked for another state of the object, or that it goes. */
  leaving(cluster: string, by: string, now: number): void {
    const uses = this.#of(cluster, by)
    for (const use of uses) use.until ??= now
    const key = `${cluster} ${by}`
    this.#uses.set(
      key,
      uses.filter(({ until }) => until === undefined || now - until < FORGOTTEN_AFTER_MS),
    )
  }

  /** From now on a proxy leaves these objects out. */
  leaveOut(cluster: string, isLeftOut: (by: string) => boolean): void {
    this.#leftOut.set(cluster, isLeftOut)
    this.#hide()
  }

  /** The proxy is gone: a barrier that begins later has to hold what it left out (S29). */
  showAll(cluster: string, now: number): void {
    this.#leftOut.delete(cluster)
    for (const use of this.#all()) {
      if (use.cluster === cluster) use.hiddenUntil = Math.min(use.hiddenUntil, now)
    }
  }

  /** The images that objects use now. */
  get presentImages(): ReadonlySet<string> {
    const there = this.#all().filter(({ until }) => until === undefined)
    return new Set(there.map(({ what }) => what).filter((what) => !what.startsWith('sha256:')))
  }

  /** Everything that was ever used. */
  get everUsed(): ReadonlySet<string> {
    return this.#everUsed
  }

  /** Somebody deletes parts of the ledger. */
  ledgerDeleted(): void {
    this.#isTampered = true
    for (const shown of this.#shown.values()) shown.isWritten = false
  }

  /** All of it is there again: everything that is remembered was written anew. */
  ledgerIsWhole(): void {
    this.#isTampered = false
  }

  /** The process has ended: what it could not have written yet is forgotten. @param isLost parts of the ledger are not there */
  ended(now: number, isLost = false): void {
    this.#noteWritten(now)
    for (const [what, { isWritten }] of this.#shown) if (!isWritten) this.#shown.delete(what)
    if (this.#isTampered && isLost) this.#coveredSince = now
    this.#isTampered = false
    this.#hide()
  }

  /** Holds a snapshot against the truth. */
  judge(sight: Sight): Lost[] {
    this.sights += 1
    this.#noteWritten(sight.madeAt)
    const { synced, trusted, loaded, barrier, madeAt, live, remembered } = sight
    const lost: Lost[] = []
    const held = new Set([...live, ...remembered])
    if (synced && trusted) {
      this.judged += 1
      if (!loaded) lost.push(wrong('trusted before what was in use lately was read', sight))
      if (barrier !== undefined && barrier > madeAt) lost.push(wrong('its barrier is in the future', sight))
      const coveredMs = madeAt - this.#coveredSince
      if ((sight.coveredMs ?? 0) > coveredMs + SLACK_MS) {
        lost.push(wrong(`${sight.coveredMs} ms of coverage (S02), where there can be ${coveredMs}`, sight))
      }
      for (const use of this.#all()) {
        const { cluster, by, what, from, until, hiddenUntil } = use
        if (held.has(what)) continue
        const isThere = until === undefined || until > madeAt
        if (isThere && barrier !== undefined && Math.max(from, hiddenUntil) < barrier)
          lost.push({ what, why: 'it was there before the barrier (S03)', cluster, by, from, sight })
      }
      for (const [what, { at }] of this.#shown) {
        if (held.has(what)) continue
        lost.push({ what, why: 'a snapshot has shown it (S02)', cluster: '', by: undefined, from: at, sight })
      }
    }
    if (loaded) this.#show(trusted ? [...live, ...remembered] : remembered, madeAt)
    return lost
  }

  #hide(): void {
    for (const use of this.#all()) {
      if (this.#leftOut.get(use.cluster)?.(use.by) === true && !this.#shown.has(use.what))
        use.hiddenUntil = Number.POSITIVE_INFINITY
    }
  }

  #noteWritten(now: number): void {
    const { settledAt } = this.#writable
    if (settledAt === undefined || this.#isTampered) return
    for (const shown of this.#shown.values()) {
      if (now - Math.max(shown.at, settledAt) > WRITTEN_WITHIN_MS + SLACK_MS) shown.isWritten = true
    }
  }

  #show(what: readonly string[], now: number): void {
    for (const each of what) if (!this.#shown.has(each)) this.#shown.set(each, { at: now, isWritten: false })
  }

  #of(cluster: string, by: string): Use[] {
    const key = `${cluster} ${by}`
    const known = this.#uses.get(key) ?? []
    this.#uses.set(key, known)
    return known
  }

  #all(): Use[] {
    return [...this.#uses.values()].flat()
  }
}

function wrong(why: string, sight: Sight): Lost {
  return { what: 'the snapshot', why, cluster: '', by: undefined, from: sight.madeAt, sight }
}
