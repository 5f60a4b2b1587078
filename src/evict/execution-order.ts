import type { TallymanError } from '#catalogue/error.ts'
import type { PLACEHOLDER_USES } from '#crds/registry.ts'
import type { Product } from '#registry/client.ts'
import type { KnownCapabilities } from './capabilities.ts'
import type { Ended, Eviction } from './eviction.ts'
import type { ExecutionProgress } from './execution-progress.ts'
import type { Hands } from './hands.ts'
import type { JournalShelf } from './journal-shelf.ts'
import type { KeptSample } from './sample.ts'

/** A registry that is deleted from, with what it takes: as Hands, but for all of its repositories. */
export interface ExecutionSite extends Omit<Hands, 'repository' | 'journal' | 'ended'> {
  readonly product: Product
  /** Where the journals lie; the trash lies below the same prefix, in the registry itself (S19). */
  readonly shelf: JournalShelf
  readonly capabilities: KnownCapabilities
}

/** What is to be carried out, and how. */
export interface ExecutionOrder {
  /** Names the journals. The same run goes on where it was. */
  readonly run: string
  readonly evictions: readonly Eviction[]
  /** What stays and is looked at before and after. */
  readonly sample: KeptSample
  /**
   * `Trash`: what goes with its digest is copied first, and goes in a later call, when the copy is old enough. `Delete`: it goes at once, and can be brought
   * back until the registry collects its garbage.
   */
  readonly onEvict: 'Trash' | 'Delete'
  /** How old a copy has to be, in milliseconds (S18). */
  readonly gcWindowMs: number
  /** Whether that goes of which content is missing, so that no copy can be made. */
  readonly evictDamaged: boolean
  readonly placeholder: (typeof PLACEHOLDER_USES)[number]
  readonly progress: (progress: ExecutionProgress) => void
  /** Told of each thing when it has ended. */
  readonly ended?: ((repository: string, each: Ended) => void) | undefined
  /** Told of each manifest as soon as it is gone: that it has ended is told in batches, and somebody may need it by then (S04). */
  readonly gone?: ((repository: string, digest: string) => void) | undefined
  /** Told of what was to stay and was harmed as soon as that is known, before more is looked at, which takes minutes (S04). Waited for. */
  readonly harmed?: ((error: TallymanError) => Promise<void>) | undefined
}

/** Why one repository, or a part of it, is as it was. */
export interface RepositoryProblem {
  readonly repository: string
  readonly error: TallymanError
  /** Another try of the same run would find the same. */
  readonly isFinal?: boolean
}
