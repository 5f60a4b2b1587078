import { asTallymanError, hasCode, type TallymanError } from '#catalogue/error.ts'
import type { CallOptions, RegistryClient } from '#registry/client.ts'
import type { Clock } from '#time/clock.ts'
import type { Evicted } from './evicted.ts'
import { digestKey } from './evicted-key.ts'
import type { Reach } from './hands.ts'
import type { Restoration } from './journal.ts'
import { type JournalShelf, journalOf } from './journal-shelf.ts'
import { JournalView } from './journal-view.ts'
import { type InVain, viewOfRuns } from './other-runs.ts'
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
  readonly inVain: InVain
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

/** What journals say that is needed to bring these back, all of one repository and run. @throws JOURNAL_INVALID, REGISTRY_* */
type Look = (things: readonly Evicted[], call: CallOptions) => Promise<JournalView>

/**
 * Brings things back, the tags of each run and repository first, and tells of each when it has been read again as somebody who pulls would.
 * It is recorded beside the journal of the run, with everything that an index contains. What fails does not stop the rest. What the journal of its run cannot bring back is looked for in those
 * of all others, after the rest.
 * @throws CANCELLED, LEADERSHIP_LOST; what it means that a record can't be written: REGISTRY_*
 */
export async function* bringBack(
  site: RestoreSite,
  things: readonly Evicted[],
): AsyncGenerator<BroughtBack, void, void> {
  const { shelf, inVain, clock } = site
  const left: Evicted[] = []
  // What the journal of its run says of it is what is told in the end, however often that is tried.
  const first = new Map<Evicted, BroughtBack>()
  for await (const back of bringBackBy(site, things, (group, call) => viewOfRun(shelf, group, call))) {
    if (isGone(back) && !inVain.has(digestKey(back.thing), clock.now())) {
      left.push(back.thing)
      first.set(back.thing, back)
    } else yield back
  }
  const views = new Map<string, Promise<JournalView>>()
  const look: Look = ([first], call) => {
    const repository = first?.repository ?? ''
    const digests = left.flatMap((each) => (each.repository === repository ? each.digest : []))
    const view = views.get(repository) ?? viewOfRuns(shelf, repository, new Set(digests), call)
    views.set(repository, view)
    return view
  }
  for await (const back of bringBackBy(site, left, look)) {
    if (isGone(back)) inVain.add(digestKey(back.thing), clock.now())
    yield isGone(back) ? (first.get(back.thing) ?? back) : back
  }
}

/** The journal of its run cannot bring it back, or tells nothing any more. */
function isGone(back: BroughtBack): boolean {
  return back.outcome === 'Failed' && hasCode(back.error, 'RESTORE_CONTENT_GONE', 'JOURNAL_LOST')
}

async function viewOfRun(
  shelf: JournalShelf,
  things: readonly Evicted[],
  call: CallOptions,
): Promise<JournalView> {
  const { repository = '', run = '' } = things[0] ?? {}
  const journal = await journalOf(shelf, repository, run, call)
  return await JournalView.of(journal, new Set(things.map(({ digest }) => digest)))
}

async function* bringBackBy(
  site: RestoreSite,
  things: readonly Evicted[],
  look: Look,
): AsyncGenerator<BroughtBack, void, void> {
  for (const group of groups(things)) {
    for (let at = 0; at < group.length; at += LOOKED_UP) {
      yield* bringBackGroup(site, group.slice(at, at + LOOKED_UP), look)
    }
  }
}

async function* bringBackGroup(
  site: RestoreSite,
  things: readonly Evicted[],
  look: Look,
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
    view = await look(things, call)
  } catch (thrown) {
    for (const thing of things) yield failed(thing, thrown, signal)
    return
  }
  const reach: Reach = { repository, pull, push, journal: view, fence, clock, signal, lane }
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
      const result: BroughtBack = isWhole
        ? { thing, outcome: 'Present', at: clock.now() }
        : await bringBackOne(reach, thing)
      if (!isWhole && (result.outcome === 'Restored' || result.outcome === 'Present')) {
        const restored = restorations(thing, view, result.at)
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
