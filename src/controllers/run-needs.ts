import { isDeepStrictEqual } from 'node:util'
import { askedBack, type RestoreEntry } from '#controllers/policy-restore.ts'
import { MAX_DEPTH, subjectOf } from '#evict/chosen-back.ts'
import type { Evicted, EvictionHistory, ListedHistory } from '#evict/evicted.ts'
import type { EvictedThings } from '#evict/evicted-things.ts'
import type { InUseIndex, UseReason } from '#inventory/in-use-index.ts'
import type { LateUse } from '#retention/late-use.ts'
import { reason } from '#retention/reasons.ts'
import { useReason } from '#retention/use-reason.ts'
import { inSteps } from '#time/in-steps.ts'

export interface RunNeedsParts {
  /** What is known of all runs of the policy: of what one took, another may have brought back, or taken again. */
  readonly known: EvictionHistory & { readonly went: Pick<EvictedThings, 'of'> }
  /** spec.restore, as it is by now. */
  readonly entries: () => readonly RestoreEntry[]
}

/** Why a copy, or a journal, of a run that is over has to stay (S04, S12, S19). It is asked about what one run took from one repository, after the other. */
export class RunNeeds {
  readonly #parts: RunNeedsParts
  #taken: Taken | undefined

  constructor(parts: RunNeedsParts) {
    this.#parts = parts
  }

  /** From here on it is asked about this. @param history all that the run did in the repository, by its journal */
  readonly learn = async (repository: string, history: ListedHistory): Promise<void> => {
    const { went, returned } = this.#parts.known
    const here = [...went.of(repository), ...history.went]
    const all = [...here, ...(await this.#subjectsElsewhere(here))]
    this.#taken = {
      repository,
      things: Map.groupBy(all, ({ digest }) => digest),
      history: { went: all, returned: [...returned, ...history.returned], unsettled: [] },
      asked: { entries: [], digests: new Set() },
    }
  }

  /** What went from other repositories, and what is here refers to: signatures may be kept in one of their own. */
  async #subjectsElsewhere(here: readonly Evicted[]): Promise<Evicted[]> {
    const subjects = new Set(here.flatMap((thing) => subjectOf(thing) ?? []))
    for (const { digest } of here) subjects.delete(digest)
    const found: Evicted[] = []
    if (subjects.size === 0) return found
    for await (const thing of inSteps(this.#parts.known.went))
      if (subjects.has(thing.digest)) found.push(thing)
    return found
  }

  /** Use by its digest or by what it was known by, by any run, and spec.restore that asks for it while it is not back. What nothing was learned of stays. */
  readonly lateUse: LateUse = ({ repository, digest }, usage) => {
    const taken = this.#taken
    if (taken?.repository !== repository) return reason('NotApproved')
    if (this.#asked(taken).has(digest)) return reason('Restored')
    return useReason(usesOf(taken, digest, usage))
  }

  #asked(taken: Taken): ReadonlySet<string> {
    const entries = this.#parts.entries()
    if (!isDeepStrictEqual(entries, taken.asked.entries)) {
      const digests = new Set(askedBack(entries, taken.history).map(({ digest }) => digest))
      taken.asked = { entries, digests }
    }
    return taken.asked.digests
  }
}

/** By its digest, by what it was known by, or of what it is a signature of: that may be back, and this not yet. */
function usesOf(taken: Taken, digest: string, usage: InUseIndex, depth = 0): readonly UseReason[] {
  const { repository } = taken
  const things = taken.things.get(digest) ?? []
  const uses = [
    ...usage.usesOf({ repository, digest }),
    ...things.flatMap((thing) => usage.usesOf({ repository: thing.repository, digest })),
    ...things.flatMap(({ repository: home, tag }) =>
      tag === undefined ? [] : usage.usesOf({ repository: home, tag }),
    ),
    ...things.flatMap(({ config }) => (config === undefined ? [] : usage.usesOfConfig(config))),
  ]
  if (uses.length > 0 || depth === MAX_DEPTH) return uses
  const subjects = new Set(things.flatMap((thing) => subjectOf(thing) ?? []))
  return [...subjects].flatMap((subject) => usesOf(taken, subject, usage, depth + 1))
}

interface Taken {
  readonly repository: string
  readonly things: ReadonlyMap<string, readonly Evicted[]>
  /** What is known of all runs in the repository, and of what it refers to in others. */
  readonly history: EvictionHistory
  /** What these entries ask for. */
  asked: { readonly entries: readonly RestoreEntry[]; readonly digests: ReadonlySet<string> }
}
