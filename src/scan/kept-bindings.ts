import type { RegistryMemory, RepositoryMemory } from '#retention/registry-memory.ts'
import { type CellReader, CellWriter } from '#scan/kept-cells.ts'
import { runsOf } from '#scan/kept-runs.ts'
import type { SharedFacts } from '#scan/policy-facts.ts'

interface Row {
  readonly repository: string
  readonly tag: string
  readonly digest: string
  readonly boundSince: number | undefined
  readonly digestSince: number | undefined
}

/** The bindings of a registry as the content of files. */
export function* bindingFiles(repositories: RegistryMemory['repositories']): Generator<Buffer> {
  for (const run of runsOf(rowsOf(repositories), ({ digest }) => digest)) {
    const cells = new CellWriter()
    for (const { repository, tag, digest, boundSince, digestSince } of run) {
      for (const text of [repository, tag, digest]) cells.text(text)
      cells.number(boundSince)
      cells.number(digestSince)
    }
    yield cells.bytes()
  }
}

function* rowsOf(repositories: RegistryMemory['repositories']): Generator<Row> {
  const sorted = [...repositories].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [repository, { tags, digests, boundSince, digestSince }] of sorted) {
    for (const [place, tag] of tags.entries()) {
      const digest = digests[place] ?? ''
      yield { repository, tag, digest, boundSince: boundSince[place], digestSince: digestSince[place] }
    }
  }
}

interface Columns extends RepositoryMemory {
  readonly tags: string[]
  readonly digests: string[]
  readonly boundSince: number[]
  readonly digestSince: number[]
}

/** Puts the bindings of one file after another together again. */
export class BindingsBuilder {
  readonly repositories = new Map<string, Columns>()
  readonly #shared: SharedFacts

  constructor(shared: SharedFacts) {
    this.#shared = shared
  }

  /** @throws MEMORY_INVALID */
  add(cells: CellReader): void {
    while (!cells.isAtEnd) {
      const columns = this.#columnsOf(cells.text())
      columns.tags.push(cells.text())
      columns.digests.push(this.#shared.text(cells.text()))
      columns.boundSince.push(cells.number())
      columns.digestSince.push(cells.number())
    }
  }

  #columnsOf(repository: string): Columns {
    const known = this.repositories.get(repository)
    if (known !== undefined) return known
    const columns: Columns = { tags: [], digests: [], boundSince: [], digestSince: [] }
    this.repositories.set(repository, columns)
    return columns
  }
}
