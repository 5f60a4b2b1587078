import { type BroughtBack, bringBack } from '#evict/bring-back.ts'
import { historyOfRun, stillEvicted } from '#evict/evicted.ts'
import { InVain } from '#evict/other-runs.ts'
import { RestorationRecords } from '#evict/restorations.ts'
import { shelfOf } from '#test/harness/evicted.ts'
import type { EvictionSite } from '#test/harness/eviction.ts'
import { systemClock } from '#time/clock.ts'

/** A repository, the run that takes things out of it, and what is used of it. */
export interface Undoing {
  readonly repository: string
  readonly run: string
  /** Tags and digests that are in use. */
  readonly usage: () => ReadonlySet<string>
}

/** Brings back what a run has taken and somebody uses, as a leader does (S04); past the proxy of the site. */
export class Undo {
  readonly #site: EvictionSite
  readonly #of: Undoing
  readonly #records = new RestorationRecords()
  readonly #inVain = new InVain()

  constructor(site: EvictionSite, of: Undoing) {
    this.#site = site
    this.#of = of
  }

  /** Once. @throws what forbids reading the journal */
  async look(): Promise<readonly BroughtBack[]> {
    const { repository, run, usage } = this.#of
    const shelf = shelfOf(this.#site)
    const used = usage()
    const things = stillEvicted(await historyOfRun(shelf, repository, run, {})).filter(
      ({ tag, digest }) => used.has(digest) || (tag !== undefined && used.has(tag)),
    )
    const { direct } = this.#site
    const place = {
      ...{ pull: direct, push: direct, shelf, records: this.#records, inVain: this.#inVain },
      ...{ fence: () => undefined, clock: systemClock, signal: new AbortController().signal },
    }
    const results: BroughtBack[] = []
    for await (const each of bringBack(place, things)) results.push(each)
    return results
  }
}
