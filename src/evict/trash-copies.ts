import type { TrashLook, TrashRecord } from './journal.ts'

/** The copy of one manifest in the trash. */
export interface TrashCopy {
  readonly digest: string
  /** Where it lies, under `trashTag(digest)`. */
  readonly repository: string
  /** What it names as its children: they lie in the same repository. */
  readonly children: readonly string[]
  /** When its making began for the last time, in milliseconds since the epoch. */
  readonly begunAt: number
  /** When it was read again, whole; undefined: nobody knows whether it is. */
  readonly at: number | undefined
  /** It was about to be deleted: what lies there by now may be another run's. */
  readonly isPurging?: boolean | undefined
}

/** The copies that a journal speaks of, but for those that were purged. */
export class TrashCopies {
  readonly #copies = new Map<string, TrashCopy>()

  take(record: TrashRecord): void {
    const { kind, at, repository } = record
    if (kind === 'trashing') {
      for (const { digest, children } of record.manifests) {
        const key = copyKey({ repository, digest })
        const known = this.#copies.get(key)
        this.#copies.set(key, { digest, repository, children, begunAt: at, at: known?.at })
      }
      return
    }
    for (const digest of record.digests) {
      const key = copyKey({ repository, digest })
      const copy = this.#copies.get(key)
      if (copy === undefined) continue
      this.#copies.delete(key)
      if (kind === 'purged') continue
      this.#copies.set(key, after(copy, record))
    }
  }

  all(): readonly TrashCopy[] {
    return [...this.#copies.values()]
  }

  /** By digest, the last copy of each that was whole. */
  whole(): Map<string, TrashCopy> {
    return new Map(
      this.all().flatMap((copy) => (copy.at === undefined ? [] : [[copy.digest, copy] as const])),
    )
  }
}

function after(copy: TrashCopy, { kind, at }: TrashLook): TrashCopy {
  if (kind === 'purging') return { ...copy, isPurging: true }
  return { ...copy, at: kind === 'trashed' ? at : undefined }
}

/** Whether it may have never been there, or be gone. */
export function isDoubtful({ at, isPurging }: TrashCopy): boolean {
  return at === undefined || isPurging === true
}

/** The identity of a copy: a digest in one place is one thing, whoever put it there. */
export function copyKey({ repository, digest }: Pick<TrashCopy, 'repository' | 'digest'>): string {
  return `${repository}@${digest}`
}
