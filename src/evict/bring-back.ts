import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { CallOptions, RegistryClient } from '#registry/client.ts'
import type { Clock } from '#time/clock.ts'
import type { Evicted } from './evicted.ts'
import type { Reach } from './hands.ts'
import type { Journal, JournalRecord, Restoration } from './journal.ts'
import { type JournalShelf, journaledRuns, journalOf } from './journal-shelf.ts'
import { JournalView } from './journal-view.ts'
import type { RestorationRecords } from './restorations.ts'
import { restore } from './restore.ts'
import { headDigest } from './tags.ts'

/** So many things are looked up in a journal at once: their manifests are held meanwhile. */
const LOOKED_UP = 500
/** What was brought back is recorded after so many. */
const RECORDED = 50

/** What it takes to bring back what went from a registry. */
export interface RestoreSite {
  readonly pull: RegistryClient
  readonly push: RegistryClient
  readonly shelf: JournalShelf
  readonly records: RestorationRecords
  /** The lease: asked right before each write. @throws LEADERSHIP_LOST */
  readonly fence: () => void
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * `Restored`: it is back. `Present`: it was there, in full. `Taken`: the tag names something else by now, and keeps that. `Failed`: see the error.
 */
export type BroughtBack =
  | {
      readonly thing: Evicted
      readonly outcome: 'Restored' | 'Present' | 'Taken'
      /** When that was begun, ms since the epoch: what went after this is gone again. */
      readonly at: number
    }
  | { readonly thing: Evicted; readonly outcome: 'Failed'; readonly error: TallymanError }

/**
 * Brings things back, the tags of each run and repository first, and tells of each when it has been read again as somebody who pulls would. What the journal of its run does not know is
 * looked for in those of the others.
 * It is recorded beside the journal of the run, with everything that an index contains. What fails does not stop the rest.
 * @throws CANCELLED, LEADERSHIP_LOST; what it means that a record can't be written: REGISTRY_*
 */
export async function* bringBack(
  site: RestoreSite,
  things: readonly Evicted[],
): AsyncGenerator<BroughtBack, void, void> {
  for (const group of groups(things)) {
    for (let at = 0; at < group.length; at += LOOKED_UP) {
      yield* bringBackGroup(site, group.slice(at, at + LOOKED_UP))
    }
  }
}

async function* bringBackGroup(
  site: RestoreSite,
  things: readonly Evicted[],
): AsyncGenerator<BroughtBack, void, void> {
  const [first] = things
  if (first === undefined) return
  const { repository, run } = first
  const { pull, push, shelf, records, fence, clock, signal } = site
  // Somebody waits for it.
  const lane = 'interactive'
  const call: CallOptions = { signal, lane }
  let view: JournalView
  try {
    const journal = await journalOf(shelf, repository, run, call)
    view = await JournalView.of(journal, new Set(things.map(({ digest }) => digest)))
  } catch (thrown) {
    for (const thing of things) yield failed(thing, thrown, signal)
    return
  }
  const reach: Reach = { repository, pull, push, journal: view, fence, clock, signal, lane }
  let all: Promise<JournalView> | undefined
  const viewOfAll = () => (all ??= viewOfRuns(shelf, repository, things, call))
  let back: Restoration[] = []
  const record = async () => {
    const restored = back
    back = []
    if (restored.length === 0) return
    await records.add(shelf, { repository, run }, restored, { ...call, beforeSend: fence })
  }
  // Of what came back with something else nothing is asked again.
  const whole = new Set<string>()
  try {
    for (const thing of tagsFirst(things)) {
      const isWhole = thing.tag === undefined && whole.has(thing.digest)
      let by = view
      let result: BroughtBack = isWhole
        ? { thing, outcome: 'Present', at: clock.now() }
        : await bringBackOne(reach, thing)
      if (result.outcome === 'Failed' && result.error.code === 'RESTORE_CONTENT_GONE') {
        by = await viewOfAll()
        result = await bringBackOne({ ...reach, journal: by }, thing)
      }
      if (!isWhole && (result.outcome === 'Restored' || result.outcome === 'Present')) {
        const restored = restorations(thing, by, result.at)
        for (const { digest } of restored) whole.add(digest)
        back.push(...restored)
      }
      if (back.length >= RECORDED) await record()
      yield result
    }
  } finally {
    await record()
  }
}

/**
 * What all runs know of these digests and what is below: a tag may have gone before its manifest, and an index before what it contains, by runs of which only the later one has saved
 * or copied that.
 */
async function viewOfRuns(
  shelf: JournalShelf,
  repository: string,
  things: readonly Evicted[],
  call: CallOptions,
): Promise<JournalView> {
  const runs = await journaledRuns(shelf, repository, call)
  const read = async function* () {
    for (const run of runs) {
      const journal = await journalOf(shelf, repository, run, call)
      if (journal.lost === undefined) yield* contentsOf(journal)
    }
  }
  return await JournalView.of({ read }, new Set(things.map(({ digest }) => digest)))
}

/** What is saved or copied: copies that one run has purged may be those that another one speaks of, and what comes out of them is held against its digest. */
async function* contentsOf(journal: Pick<Journal, 'read'>): AsyncGenerator<JournalRecord, void, void> {
  for await (const record of journal.read()) if (CONTENTS.has(record.kind)) yield record
}

const CONTENTS: ReadonlySet<JournalRecord['kind']> = new Set(['manifest', 'trashing', 'trashed'])

async function bringBackOne(reach: Reach, thing: Evicted): Promise<BroughtBack> {
  const { tag, digest } = thing
  // A DELETE that is on its way may take it again before all of it has been read.
  const at = reach.clock.now()
  try {
    const wasThere = (await headDigest(reach, tag ?? digest)) === digest
    const outcome = await restore(reach, { tag, digest })
    return { thing, outcome: outcome === 'Restored' && wasThere ? 'Present' : outcome, at }
  } catch (thrown) {
    return failed(thing, thrown, reach.signal)
  }
}

/** @throws what stops everything */
function failed(thing: Evicted, thrown: unknown, signal: AbortSignal): BroughtBack {
  signal.throwIfAborted()
  const error = asTallymanError(thrown)
  if (error.kind === 'cancelled' || error.code === 'INTERNAL') throw error
  return { thing, outcome: 'Failed', error }
}

function restorations({ tag, digest }: Evicted, view: JournalView, at: number): Restoration[] {
  const below = view.below(digest).map((child): Restoration => ({ kind: 'restored', at, digest: child }))
  return [{ kind: 'restored', at, tag, digest }, ...below]
}

function tagsFirst(things: readonly Evicted[]): Evicted[] {
  const isTag = ({ tag }: Evicted) => tag !== undefined
  return [...things.filter(isTag), ...things.filter((thing) => !isTag(thing))]
}

/** By run and repository, each in the order of its first thing. */
function groups(things: readonly Evicted[]): Evicted[][] {
  const found = new Map<string, Evicted[]>()
  for (const thing of things) {
    const key = `${thing.run} ${thing.repository}`
    const group = found.get(key)
    if (group === undefined) found.set(key, [thing])
    else group.push(thing)
  }
  return [...found.values()]
}
