import { TallymanError } from '#catalogue/error.ts'
import type { KnownHistory } from '#controllers/known-history.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { type Workspace, workspaceOf } from '#controllers/workspaces.ts'
import { type BroughtBack, bringBack } from '#evict/bring-back.ts'
import {
  type Evicted,
  type EvictionHistory,
  historyOfRun,
  type Returned,
  returnedTo,
} from '#evict/evicted.ts'
import { EvictedThings } from '#evict/evicted-things.ts'
import type { JournalShelf } from '#evict/journal-shelf.ts'
import type { KnownJournals } from '#evict/known-journals.ts'
import { InVain } from '#evict/other-runs.ts'
import { RestorationRecords } from '#evict/restorations.ts'
import type { Fence } from '#runtime/fence.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import type { Clock } from '#time/clock.ts'

/** A run, and the repositories that it took something from. */
export interface PastRun {
  readonly run: string
  readonly repositories: readonly string[]
}

/** What was brought back. */
export type Returns = Required<Pick<EvictionHistory, 'returned' | 'unknownReturns'>>

const LOOKED_AT_ONCE = 4

export interface EvictedRestorerParts {
  readonly access: RegistryAccess
  readonly registries: Pick<ObjectStore<RegistryObject>, 'get' | 'list'>
  readonly journals: KnownJournals
  readonly fence: Fence
  readonly clock: Clock
}

/** Knows from the workspace of a Registry what was evicted there, and brings it back. One for the operator. */
export class EvictedRestorer {
  readonly #parts: EvictedRestorerParts
  readonly #records = new RestorationRecords()
  /** By registry. */
  readonly #inVain = new Map<string, InVain>()

  constructor(parts: EvictedRestorerParts) {
    this.#parts = parts
  }

  /**
   * What these runs did; nothing where the Registry has no workspace.
   * @throws JOURNAL_INVALID; what keeps the workspace from being read: SPEC_INVALID, REFERENCE_NOT_FOUND, SECRET_*, REGISTRY_*
   */
  async historyOf(
    registry: RegistryObject,
    runs: readonly PastRun[],
    signal: AbortSignal,
  ): Promise<KnownHistory> {
    const went = new EvictedThings()
    const returned: Returned[][] = []
    const unsettled: EvictionHistory['unsettled'][number][] = []
    const workspace = workspaceOf(registry, this.#parts.registries)
    if (workspace === undefined || runs.length === 0) return { went, returned: [], unsettled }
    const shelf = await this.#shelf(workspace, signal, 'pull')
    for (const { run, repositories } of runs) {
      for (const repository of repositories) {
        const history = await historyOfRun(shelf, repository, run, { signal, lane: 'bulk' })
        went.add(history.went)
        returned.push([...history.returned])
        unsettled.push(...history.unsettled)
      }
    }
    return { went, returned: returned.flat(), unsettled }
  }

  /**
   * What was brought back of these repositories, also by `tallyman restore`; nothing where the Registry has no workspace.
   * @throws as historyOf
   */
  async returnedTo(
    registry: RegistryObject,
    repositories: Iterable<string>,
    signal: AbortSignal,
  ): Promise<Returns> {
    const workspace = workspaceOf(registry, this.#parts.registries)
    if (workspace === undefined) return { returned: [], unknownReturns: new Map() }
    const shelf = await this.#shelf(workspace, signal, 'pull')
    const unknownReturns = new Map<string, string>()
    const returned = await sideBySide(repositories, LOOKED_AT_ONCE, async (repository) => {
      const told = await returnedTo(shelf, repository, { signal, lane: 'bulk' })
      if (told.lost !== undefined) unknownReturns.set(repository, told.lost.advice)
      return told.returned
    })
    return { returned: returned.flat(), unknownReturns }
  }

  /**
   * Brings things back, in their order as far as they are of one run and repository.
   * @throws what keeps registry or workspace from being opened: SPEC_INVALID, REFERENCE_NOT_FOUND, SECRET_*, REGISTRY_*; CANCELLED, LEADERSHIP_LOST
   */
  async *bringBack(
    registry: RegistryObject,
    things: readonly Evicted[],
    signal: AbortSignal,
  ): AsyncGenerator<BroughtBack, void, void> {
    const { access, registries, fence, clock } = this.#parts
    const workspace = workspaceOf(registry, registries)
    if (workspace === undefined) {
      throw new TallymanError(
        'SPEC_INVALID',
        `spec.workspace: the Registry ${registry.metadata.name} has no workspace any more, and what was evicted is recorded there`,
      )
    }
    const [pull, push, shelf] = await Promise.all([
      access.open(registry, signal, 'pull'),
      access.open(registry, signal, 'push'),
      this.#shelf(workspace, signal, 'push'),
    ])
    yield* bringBack(
      {
        ...{ pull: pull.client, push: push.client, shelf, records: this.#records },
        ...{ inVain: this.#inVainIn(registry), clock, signal, fence: () => fence.assertLeader() },
      },
      things,
    )
  }

  #inVainIn(registry: RegistryObject): InVain {
    const key = keyOf(registry)
    const known = this.#inVain.get(key) ?? new InVain()
    this.#inVain.set(key, known)
    return known
  }

  async #shelf(
    { registry, prefix }: Workspace,
    signal: AbortSignal,
    right: 'pull' | 'push',
  ): Promise<JournalShelf> {
    const { client } = await this.#parts.access.open(registry, signal, right)
    return { client, prefix, known: this.#parts.journals }
  }
}
