import type { Binding, Ended, Eviction } from './eviction.ts'
import type { Hands } from './hands.ts'
import { begin, end } from './intents.ts'
import { type Edges, edgesOf, journalState, savedManifests } from './journal-state.ts'
import { lookAfter } from './look-after.ts'
import { copied } from './save.ts'
import { proveDelete } from './scratch.ts'
import { settle } from './settle.ts'
import { type Expected, Standing } from './standing.ts'
import { writeNeeded } from './sweep-needed.ts'
import { Sweeping } from './sweep-one.ts'
import { guardians, sweepOrder } from './sweep-order.ts'
import { TagRecord } from './tags-then.ts'

/** Manifests of one intent at most. */
const BATCH = 100
/** Manifests that are read and saved at once. */
const SAVE_BATCH = 500
/**
 * What every tag names is asked again when so many times has passed as it took, and a second at least: that costs a twentieth of the time,
 * and what is believed of the tags is never much older.
 */
const FRESH_FACTOR = 20
const FRESH_MS = 1_000

export interface SweepOptions {
  /** Whether a manifest may go already; absent: all may. What contains one that may, or is what that speaks of, keeps it until it is gone too. */
  readonly may?: ((digest: string) => boolean) | undefined
  /** Tags that a manifest takes along where the registry cannot delete them by themselves; of each such manifest all that are to go. */
  readonly withTags?: readonly Binding[] | undefined
  /** Told of each of these tags as soon as it is gone: that it has ended is told when its whole batch has, and somebody may need it by then (S04). */
  readonly gone?: (binding: Binding) => void
}

/**
 * The second stage in one repository: manifests that no tag names any more are deleted by their digest, indexes first, then their children, then
 * what refers to them. Can be called again after any interruption, with the same journal; it goes on where it was.
 * @throws what stopped it (DELETE_*, REGISTRY_*, what the guard throws); what had ended by then was told
 */
export async function sweep(
  hands: Hands,
  eviction: Eviction,
  { may = () => true, withTags = [], gone = () => undefined }: SweepOptions = {},
): Promise<void> {
  await settle(hands)
  const { edges, gone: went } = await saveAll(hands, eviction.digests)
  const before = guardians(edges)
  const order = sweepOrder(before).filter(may)
  if (order.length === 0) return
  await proveDelete(hands)
  const expected: Expected = { ...staying(eviction), edges, doomed: doomedTags(withTags) }
  let seen = await look(hands, expected, went)
  const record = new TagRecord()
  const isStale = () => hands.clock.monotonic() >= seen.staleAt
  for (let next = 0; next < order.length; ) {
    if (isStale()) seen = await look(hands, expected, went)
    const batch = order.slice(next, next + BATCH)
    const tags = record.changesTo(seen.standing.names)
    const step = { action: 'sweep', digests: batch, tags, ...bindingsOf(batch, withTags) } as const
    const intent = await begin(hands, step, [])
    const sweeping = new Sweeping(hands, seen.standing)
    const ended: Ended[] = []
    try {
      for (const digest of batch) {
        if (ended.length > 0 && isStale()) break
        const tags = seen.standing.doomedTagsOf(digest)
        const outcome = await sweeping.sweep(digest, before.get(digest) ?? new Set())
        ended.push({ digest, outcome })
        for (const tag of tags) {
          if (outcome === 'swept') gone({ tag, digest })
          ended.push({ tag, digest, outcome: outcome === 'swept' ? 'untagged' : outcome })
        }
        next += 1
        // What went is told above, whatever this brings to light.
        await sweeping.countIfSlow()
      }
      await sweeping.count()
    } catch (error) {
      await lookAfter(error, async () => {
        await sweeping.count()
        await sweeping.giveToUnfollowed()
        const away = ended.filter(({ tag, digest }) => tag !== undefined || digest !== sweeping.kept)
        if (sweeping.isClean && !hands.signal.aborted)
          await end(hands, intent, withoutBack(away, sweeping.back))
      })
      throw error
    }
    const over = withoutBack(ended, sweeping.back)
    await end(hands, intent, over)
    for (const { tag, digest, outcome } of over)
      if (tag === undefined && outcome === 'swept') went.add(digest)
  }
}

/** What is there again is named, and did not go. */
function withoutBack(ended: readonly Ended[], back: ReadonlySet<string>): Ended[] {
  return ended.map((each) =>
    each.tag === undefined && back.has(each.digest) ? { ...each, outcome: 'named' } : each,
  )
}

/**
 * What stands in the repository, and until when that is believed, in monotonic milliseconds. What tags need by now of what went before is written again (S47).
 * @param went what this run has deleted
 */
async function look(hands: Hands, expected: Expected, went: Set<string>) {
  const startedAt = hands.clock.monotonic()
  const standing = await Standing.read(hands, expected)
  const needed = new Set([...went].filter((digest) => standing.needs(digest)))
  await writeNeeded(hands, (await savedManifests(hands.journal, needed)).values())
  for (const digest of needed) went.delete(digest)
  const readAt = hands.clock.monotonic()
  return { standing, staleAt: readAt + Math.max(FRESH_MS, (readAt - startedAt) * FRESH_FACTOR) }
}

function doomedTags(withTags: readonly Binding[]): Map<string, string> {
  return new Map(withTags.map(({ tag, digest }) => [tag, digest]))
}

/** Those that manifests of a batch take along, for the intent. */
function bindingsOf(batch: readonly string[], withTags: readonly Binding[]) {
  if (withTags.length === 0) return {}
  const digests = new Set(batch)
  return { bindings: withTags.filter(({ digest }) => digests.has(digest)) }
}

/** The tags that the plan keeps, and what they name. */
function staying({ tags, bindings }: Eviction): Pick<Expected, 'staying' | 'named'> {
  const going = new Set(bindings.map(({ tag }) => tag))
  const kept = [...tags].filter(([tag]) => !going.has(tag))
  return { staying: kept.map(([tag]) => tag), named: new Set(kept.map(([, digest]) => digest)) }
}

/**
 * Saves every manifest that is to go before the first one does.
 * @returns what each of them names, without those that went in an earlier call, or are back since then, were not there, or cannot be read; and what went in earlier calls
 */
async function saveAll(
  hands: Hands,
  digests: readonly string[],
): Promise<{ readonly edges: Map<string, Edges>; readonly gone: Set<string> }> {
  const { saved, removed, returned } = await journalState(hands.journal)
  const over = new Set([...removed.digests, ...returned])
  const going = new Map<string, Edges>()
  const unsaved: string[] = []
  for (const digest of new Set(digests)) {
    const edges = saved.get(digest)
    if (edges === undefined) unsaved.push(digest)
    else if (!over.has(digest)) going.set(digest, edges)
  }
  for await (const { items, copies } of copied(hands, unsaved, SAVE_BATCH, (digest) => digest)) {
    const manifests = items.flatMap((digest) => {
      const copy = copies.get(digest)
      if (copy === 'gone' || copy === 'unreadable') hands.ended({ digest, outcome: copy })
      return typeof copy === 'object' ? [copy] : []
    })
    if (manifests.length > 0) await hands.journal.append(manifests)
    for (const manifest of manifests) going.set(manifest.digest, edgesOf(manifest))
  }
  return { edges: going, gone: new Set(removed.digests) }
}
