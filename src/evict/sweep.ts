import type { Ended, Eviction } from './eviction.ts'
import type { Hands } from './hands.ts'
import { begin, end } from './intents.ts'
import { type Edges, edgesOf, journalState } from './journal-state.ts'
import { copied } from './save.ts'
import { proveDelete } from './scratch.ts'
import { settle } from './settle.ts'
import { type Expected, Standing } from './standing.ts'
import { sweepOne } from './sweep-one.ts'
import { guardians, sweepOrder } from './sweep-order.ts'

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

/**
 * The second stage in one repository: manifests that no tag names any more are deleted by their digest, indexes first, then their children, then
 * what refers to them. Can be called again after any interruption, with the same journal; it goes on where it was.
 * @throws what stopped it (DELETE_*, REGISTRY_*, what the guard throws); what had ended by then was told
 */
export async function sweep(hands: Hands, eviction: Eviction): Promise<void> {
  await settle(hands)
  const edges = await saveAll(hands, eviction.digests)
  const before = guardians(edges)
  const order = sweepOrder(before)
  if (order.length === 0) return
  await proveDelete(hands)
  const expected: Expected = { named: staying(eviction), edges }
  let seen = await look(hands, expected)
  const isStale = () => hands.clock.monotonic() >= seen.staleAt
  for (let next = 0; next < order.length; ) {
    if (isStale()) seen = await look(hands, expected)
    const batch = order.slice(next, next + BATCH)
    const intent = await begin(hands, { action: 'sweep', digests: batch }, [])
    const ended: Ended[] = []
    for (const digest of batch) {
      if (ended.length > 0 && isStale()) break
      const outcome = await sweepOne(hands, seen.standing, digest, before.get(digest) ?? new Set())
      ended.push({ digest, outcome })
    }
    await end(hands, intent, ended)
    next += ended.length
  }
}

/** What stands in the repository, and until when that is believed, in monotonic milliseconds. */
async function look(hands: Hands, expected: Expected) {
  const startedAt = hands.clock.monotonic()
  const standing = await Standing.read(hands, expected)
  const readAt = hands.clock.monotonic()
  return { standing, staleAt: readAt + Math.max(FRESH_MS, (readAt - startedAt) * FRESH_FACTOR) }
}

/** What the tags name that the plan keeps. */
function staying({ tags, bindings }: Eviction): ReadonlySet<string> {
  const going = new Set(bindings.map(({ tag }) => tag))
  return new Set([...tags].filter(([tag]) => !going.has(tag)).map(([, digest]) => digest))
}

/**
 * Saves every manifest that is to go before the first one does.
 * @returns what each of them names; without those that went in an earlier call, were not there, or cannot be read
 */
async function saveAll(hands: Hands, digests: readonly string[]): Promise<Map<string, Edges>> {
  const { saved, removed } = await journalState(hands.journal)
  const swept = new Set(removed.digests)
  const going = new Map<string, Edges>()
  const unsaved: string[] = []
  for (const digest of new Set(digests)) {
    const edges = saved.get(digest)
    if (edges === undefined) unsaved.push(digest)
    else if (!swept.has(digest)) going.set(digest, edges)
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
  return going
}
