import type { ManifestGraph } from '#retention/manifest-graph.ts'
import { type Reason, type ReasonCode, reason } from '#retention/reasons.ts'
import type { Pace } from '#time/pace.ts'

/** A digest that stays. */
export interface Held {
  /** For people: the tag that it stays for in the end. */
  readonly name: string
  /** What it hangs on; undefined: it stays for itself. */
  readonly reason: Reason | undefined
  /** Indexes that hold it stay too. */
  isLifted: boolean
}

/**
 * What stays, with everything that hangs on it: the closure of what stays for itself. Children of an index and what refers to something stay with it; the subject of
 * something that stays, stays. An index stays with what it holds only where that stays for itself (it has a tag or is in use), or is the subject or the base of
 * something: a child that many indexes share would keep all of them for ever else.
 */
export class Protection {
  readonly held = new Map<string, Held>()
  readonly #graph: ManifestGraph
  readonly #onHeld: (digest: string, held: Held) => void
  readonly #left: string[] = []
  readonly #told = new Set<string>()

  /** @param onHeld called once for each digest that stays, when it is followed; it may add to this and other protections */
  constructor(graph: ManifestGraph, onHeld: (digest: string, held: Held) => void) {
    this.#graph = graph
    this.#onHeld = onHeld
  }

  /** It stays for itself. Has to be said before anything is followed, so that nothing that stays for itself seems to stay for something else. */
  add(digest: string, name: string): void {
    this.#hold(digest, { name, reason: undefined, isLifted: true })
  }

  /** It stays for something elsewhere. */
  addFor(digest: string, name: string, code: ReasonCode, isLifted: boolean): void {
    this.#hold(digest, { name, reason: reason(code, name), isLifted })
  }

  /** Something was added and not followed yet. */
  get hasMore(): boolean {
    return this.#left.length > 0
  }

  /** Goes on to whatever hangs on what was added, in steps. */
  *follow(pace: Pace): Generator<undefined, void> {
    for (let digest = this.#left.pop(); digest !== undefined; digest = this.#left.pop()) {
      this.#follow(digest)
      if (pace.isTurnOver()) yield
    }
  }

  #follow(digest: string): void {
    const held = this.held.get(digest)
    if (held === undefined) return
    if (!this.#told.has(digest)) {
      this.#told.add(digest)
      this.#onHeld(digest, held)
    }
    const { name, isLifted } = held
    for (const child of this.#graph.children(digest)) this.addFor(child, name, 'PartOf', false)
    for (const referrer of this.#graph.referrers(digest)) this.addFor(referrer, name, 'BelongsTo', false)
    for (const subject of this.#graph.subjects(digest)) this.addFor(subject, name, 'SubjectOf', isLifted)
    if (!isLifted) return
    for (const holder of this.#graph.holders(digest)) this.addFor(holder, name, 'Holds', true)
  }

  #hold(digest: string, held: Held): void {
    const known = this.held.get(digest)
    if (known !== undefined) {
      if (known.isLifted || !held.isLifted) return
      known.isLifted = true
    } else {
      this.held.set(digest, held)
    }
    this.#left.push(digest)
  }
}
