import { TallymanError } from '#catalogue/error.ts'
import type { RegistrySession } from '#commands/registry-session.ts'
import type { RestoreRow } from '#commands/restore-format.ts'
import type { AskedRestore } from '#commands/restore-options.ts'
import { type BroughtBack, bringBack } from '#evict/bring-back.ts'
import { withWhatRefersToThem } from '#evict/chosen-back.ts'
import {
  type Evicted,
  historyOfRepository,
  joined,
  returnTimes,
  stillEvicted,
  type Unsettled,
} from '#evict/evicted.ts'
import { journalRepository } from '#evict/journal-artifact.ts'
import { type JournalShelf, journaledRepositories } from '#evict/journal-shelf.ts'
import { InVain } from '#evict/other-runs.ts'
import { RestorationRecords } from '#evict/restorations.ts'
import { unfinishedRuns } from '#evict/workspace-journal.ts'
import { digestAt } from '#registry/digest-at.ts'
import { systemClock } from '#time/clock.ts'

export interface Gone {
  readonly things: readonly Evicted[]
  /** Of what is asked for, what went and came back. Where one image is named and all of it did, they are the things: it may be missing again. */
  readonly back: readonly Evicted[]
  /** When something came back after it went, ms since the epoch; undefined: it did not, as far as journals know. */
  readonly backAt: (thing: Evicted) => number | undefined
  /** Runs of which nobody knows what they took. */
  readonly lost: readonly Unsettled[]
}

/**
 * What of the place is gone as far as its journals know, and asked for; newest first.
 * @param read told how many repositories were looked at so far
 * @throws JOURNAL_INVALID, REGISTRY_*
 */
export async function goneFrom(
  { place, tag, digest, options }: AskedRestore,
  { client, signal }: RegistrySession,
  read: (repositories: number) => void,
): Promise<Gone> {
  const shelf: JournalShelf = { client, prefix: options.workspace }
  const call = { signal, lane: 'bulk' } as const
  const histories = []
  const repositories =
    place.repository === undefined ? journaledRepositories(shelf, call) : [place.repository]
  for await (const repository of repositories) {
    const history = await historyOfRepository(shelf, repository, options.run, call)
    histories.push(history)
    read(histories.length)
  }
  const history = joined(histories)
  const lost = history.unsettled.filter(({ isLost }) => isLost === true)
  const backAt = returnTimes(history.returned)
  const things = asked(stillEvicted(history), { tag, digest })
  const back = asked(stillEvicted({ ...history, returned: [] }), { tag, digest }).filter(
    (each) => backAt(each) !== undefined,
  )
  const isNamed = tag !== undefined || digest !== undefined
  return {
    things: isNamed && things.length === 0 && options.list !== true ? back : things,
    back,
    backAt,
    lost,
  }
}

function asked(
  all: readonly Evicted[],
  { tag, digest }: Pick<AskedRestore, 'tag' | 'digest'>,
): readonly Evicted[] {
  if (tag === undefined && digest === undefined) return all
  const isAsked = (thing: Evicted) =>
    (tag === undefined || thing.tag === tag) && (digest === undefined || thing.digest === digest)
  const named =
    digest === undefined ? all : all.map((each) => (isAsked(each) ? { ...each, isPart: false } : each))
  return withWhatRefersToThem(named.filter(isAsked), named)
}

/** @throws RESTORE_UNSETTLED something is half done in one of their repositories, and may still go on */
export async function refuseUnsettled(
  things: readonly Evicted[],
  { options }: AskedRestore,
  { client, signal }: RegistrySession,
): Promise<void> {
  for (const repository of new Set(things.map((thing) => thing.repository))) {
    const workspaceRepository = journalRepository(options.workspace, repository)
    const runs = await unfinishedRuns({ client, workspaceRepository, repository }, { signal, lane: 'bulk' })
    if (runs.length === 0) continue
    throw new TallymanError(
      'RESTORE_UNSETTLED',
      `${repository}: the run ${runs[0]} has begun something there, and has not finished it`,
    )
  }
}

/** What would become of each of them, as far as one can see without writing; of what comes back with something else nothing is said. */
export async function* lookedAt(
  things: readonly Evicted[],
  { client, signal }: RegistrySession,
): AsyncGenerator<RestoreRow, void, void> {
  for (const thing of things) {
    if (thing.isPart === true) continue
    const { repository, tag, digest } = thing
    const named = await digestAt(client, repository, tag ?? digest, { signal, lane: 'bulk' })
    const outcome = named === undefined ? 'WouldRestore' : named === digest ? 'Present' : 'Taken'
    yield { thing, outcome }
  }
}

/** Brings them back, and records it. Of what came back with something else nothing is said. */
export async function* broughtBack(
  things: readonly Evicted[],
  { options }: AskedRestore,
  { client, signal }: RegistrySession,
): AsyncGenerator<BroughtBack, void, void> {
  const results = bringBack(
    {
      ...{
        pull: client,
        push: client,
        shelf: { client, prefix: options.workspace },
        clock: systemClock,
        signal,
      },
      ...{ records: new RestorationRecords(), inVain: new InVain() },
      // No lease is held on the command line.
      fence: () => undefined,
    },
    things,
  )
  for await (const result of results) {
    if (result.outcome !== 'Present' || result.thing.isPart !== true) yield result
  }
}
