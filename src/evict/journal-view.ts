import { MAX_NESTING } from '#registry/nesting.ts'
import type { Journal, JournalRecord } from './journal.ts'
import { type Edges, edgesOf } from './journal-state.ts'

/**
 * What a journal says of some manifests and of all that these contain, in memory, so that many things are brought back without reading the journal for each.
 * What was done is left out: who brings something back asks the registry what is there. What is appended stays here.
 */
export class JournalView implements Journal {
  readonly #records: JournalRecord[]
  readonly #edges: ReadonlyMap<string, Edges>

  private constructor(records: JournalRecord[], edges: ReadonlyMap<string, Edges>) {
    this.#records = records
    this.#edges = edges
  }

  /** @param digests of the manifests */
  static async of(journal: Pick<Journal, 'read'>, digests: ReadonlySet<string>): Promise<JournalView> {
    const edges = new Map<string, Edges>()
    const records: JournalRecord[] = []
    let wanted = digests
    for (let depth = 0; depth <= MAX_NESTING && wanted.size > 0; depth += 1) {
      for await (const record of journal.read()) {
        if (record.kind === 'intent' || record.kind === 'outcome') continue
        if (record.kind !== 'manifest') {
          if (depth === 0) records.push(record)
        } else if (wanted.has(record.digest) && !edges.has(record.digest)) {
          edges.set(record.digest, edgesOf(record))
          records.push(record)
        }
      }
      wanted = new Set(
        [...wanted]
          .flatMap((digest) => edges.get(digest)?.children ?? [])
          .filter((child) => !edges.has(child)),
      )
    }
    return new JournalView(records, edges)
  }

  /** The digests of all that a manifest contains. */
  below(digest: string): string[] {
    const found = new Set([digest])
    for (const each of found) for (const child of this.#edges.get(each)?.children ?? []) found.add(child)
    found.delete(digest)
    return [...found]
  }

  async append(records: readonly JournalRecord[]): Promise<void> {
    this.#records.push(...records)
  }

  async *read(): AsyncGenerator<JournalRecord, void, void> {
    yield* this.#records
  }

  async catchUp(): Promise<void> {
    // It stays what the journal said when it was read.
  }

  withSignal(): Journal {
    return this
  }
}
