import type { Evicted } from './evicted.ts'
import { type EvictedRows, RowWriter } from './evicted-rows.ts'

/** What one run took from one repository, or a part of that. */
interface Section {
  readonly run: string
  readonly repository: string
  readonly rows: EvictedRows
}

/** So many wait to be packed together. */
const LOOSE = 1_000

/** Things that were evicted, packed: a tag with its digest takes less than 200 bytes, as objects 900. Told in no particular order. */
export class EvictedThings implements Iterable<Evicted> {
  readonly #sections: Section[] = []
  #loose: Evicted[] = []
  #size = 0

  constructor(things: Iterable<Evicted> = []) {
    this.add(things)
    this.#pack()
  }

  get size(): number {
    return this.#size
  }

  add(things: Iterable<Evicted>): void {
    for (const thing of things) {
      this.#loose.push(thing)
      this.#size += 1
      if (this.#loose.length === LOOSE) this.#pack()
    }
  }

  /** Those that were added while it goes on may be missing. */
  *[Symbol.iterator](): Generator<Evicted, void, void> {
    const loose = this.#loose
    for (const section of [...this.#sections]) yield* thingsIn(section)
    yield* loose
  }

  /** Those that something went from. */
  get repositories(): Set<string> {
    return new Set([...this.#sections, ...this.#loose].map(({ repository }) => repository))
  }

  /** Those that a run took something from. */
  repositoriesOf(run: string): Set<string> {
    const its = [...this.#sections, ...this.#loose].filter((each) => each.run === run)
    return new Set(its.map(({ repository }) => repository))
  }

  /** What went from a repository. */
  *of(repository: string): Generator<Evicted, void, void> {
    for (const section of this.#sections) if (section.repository === repository) yield* thingsIn(section)
    for (const thing of this.#loose) if (thing.repository === repository) yield thing
  }

  /** Without what these runs took. Shares memory with this one. */
  without(runs: ReadonlySet<string>): EvictedThings {
    return this.#where((run) => !runs.has(run))
  }

  /** What these runs took. Shares memory with this one. */
  by(runs: ReadonlySet<string>): EvictedThings {
    return this.#where((run) => runs.has(run))
  }

  #where(isMeant: (run: string) => boolean): EvictedThings {
    const rest = new EvictedThings(this.#loose.filter(({ run }) => isMeant(run)))
    for (const section of this.#sections) if (isMeant(section.run)) rest.#take(section)
    return rest
  }

  /** With what another one has. Shares memory with both. */
  with(other: EvictedThings): EvictedThings {
    const all = this.without(NO_RUNS)
    for (const section of other.#sections) all.#take(section)
    all.add(other.#loose)
    return all
  }

  #take(section: Section): void {
    this.#sections.push(section)
    this.#size += section.rows.count
  }

  #pack(): void {
    const places = Map.groupBy(this.#loose, ({ run, repository }) => `${run} ${repository}`)
    for (const things of places.values()) {
      const [first] = things
      if (first === undefined) continue
      const writer = new RowWriter()
      for (const thing of things) writer.add(thing)
      this.#sections.push({ run: first.run, repository: first.repository, rows: writer.rows() })
    }
    this.#loose = []
  }
}

const NO_RUNS: ReadonlySet<string> = new Set()

function* thingsIn({ run, repository, rows }: Section): Generator<Evicted, void, void> {
  for (const row of rows) yield { run, repository, ...row }
}
