import { hasCode } from '#catalogue/error.ts'
import { assertWithDigests, type RemovalMethod } from '#commands/deletion-method.ts'
import type { RemovalHands } from '#commands/rm-hands.ts'
import type { RecentUse } from '#commands/rm-use.ts'
import type { Candidate, Ended } from '#evict/eviction.ts'
import type { Hands } from '#evict/hands.ts'
import { sweep } from '#evict/sweep.ts'
import { untag } from '#evict/untag.ts'
import type { InUseIndex } from '#inventory/in-use-index.ts'
import type { RemovalDecision, RepositoryRemoval } from '#retention/removal-request.ts'

/** What it takes to carry out a decision. */
export interface RemovalWork {
  readonly hands: Pick<RemovalHands, 'of'>
  /** Another one when what is in use was read again. */
  readonly use: Pick<RecentUse, 'index'>
  readonly methods: ReadonlyMap<string, RemovalMethod>
  /** The same decision by what is in use now. */
  decide(usage: InUseIndex): RemovalDecision
  /** Told of what has ended, also where the rest fails. */
  ended(repository: string, ended: Ended): void
}

/** Takes away what was decided: in each repository first the tags, then the manifests, or the tags with them. @throws what stops it (DELETE_*, REGISTRY_*, CANCELLED) */
export async function carryOut(removals: readonly RepositoryRemoval[], work: RemovalWork): Promise<void> {
  const stillDoomed = new StillDoomed(work)
  for (const removal of removals) {
    const { repository } = removal
    const method = work.methods.get(repository)
    if (method === undefined) continue
    const hands = await work.hands.of(repository, {
      stillDoomed: (candidate) => stillDoomed.holds(candidate),
      ended: (ended) => work.ended(repository, ended),
    })
    const isUntagged = await untagged(hands, removal, method)
    await sweep(hands, removal, { withTags: isUntagged ? [] : removal.bindings })
  }
}

/** @returns false: no tag goes by itself there @throws DELETE_UNSUPPORTED one has to, and none went; what stops it */
async function untagged(hands: Hands, removal: RepositoryRemoval, method: RemovalMethod): Promise<boolean> {
  if (method === 'WithDigests') return false
  try {
    await untag(hands, removal, method)
    return true
  } catch (error) {
    if (!hasCode(error, 'UNTAG_UNSUPPORTED')) throw error
    assertWithDigests(removal, error)
    return false
  }
}

/** Decides again whenever the clusters were read again. */
class StillDoomed {
  readonly #work: RemovalWork
  #index: InUseIndex | undefined
  #going: ReadonlySet<string> = new Set()

  constructor(work: RemovalWork) {
    this.#work = work
  }

  holds({ repository, tag, digest }: Candidate): boolean {
    const { use, decide } = this.#work
    if (this.#index !== use.index) {
      this.#index = use.index
      this.#going = new Set(decide(use.index).removals.flatMap(keysOf))
    }
    return this.#going.has(keyOf(repository, tag, digest))
  }
}

function keysOf({ repository, bindings, digests }: RepositoryRemoval): string[] {
  return [
    ...bindings.map(({ tag, digest }) => keyOf(repository, tag, digest)),
    ...digests.map((digest) => keyOf(repository, undefined, digest)),
  ]
}

function keyOf(repository: string, tag: string | undefined, digest: string): string {
  return `${repository}:${tag ?? ''}@${digest}`
}
