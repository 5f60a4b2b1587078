import { sideBySide } from '#scan/side-by-side.ts'
import type { Hands } from './hands.ts'
import { journalState } from './journal-state.ts'
import { guardians, sweepOrder } from './sweep-order.ts'
import { headDigest } from './tags.ts'
import { takeAway } from './take-away.ts'
import { copyKey, type TrashCopy } from './trash-copies.ts'
import { copiesOfOthers, NOBODYS, type OtherJournals } from './trash-others.ts'
import { liesInTrash, type TrashPlace } from './trash-place.ts'
import { WIDTH } from './width.ts'

/**
 * Deletes the copies in the trash that this journal speaks of and that were made before `before`, indexes before their platforms. What is in use by now
 * stays, with all that it contains (S04), and so does what a younger copy contains. What another run has in the same place is left to that, and what may be another run's stays until that
 * is known (S45).
 * @param before in milliseconds since the epoch
 * @returns how many were deleted, had gone already, or are another run's
 * @throws what stopped it; what had gone by then is found out by the next call
 */
export async function purgeTrash(
  hands: Hands,
  place: TrashPlace,
  before: number,
  others: OtherJournals,
): Promise<number> {
  const { copies } = await journalState(hands.journal)
  const shelves = Map.groupBy(copies, ({ repository }) => repository)
  let purged = 0
  for (const [repository, lying] of shelves) {
    if (!liesInTrash(place, repository)) continue
    const digests = await purgeShelf(hands, repository, lying, before, others)
    if (digests.length === 0) continue
    await hands.journal.append([{ kind: 'purged', at: hands.clock.now(), repository, digests }])
    purged += digests.length
  }
  return purged
}

async function purgeShelf(
  hands: Hands,
  repository: string,
  lying: readonly TrashCopy[],
  before: number,
  others: OtherJournals,
): Promise<string[]> {
  const byDigest = new Map(lying.map((copy) => [copy.digest, copy]))
  const stays = new Set<string>()
  const keep = (digest: string) => {
    if (stays.has(digest)) return
    stays.add(digest)
    for (const child of byDigest.get(digest)?.children ?? []) keep(child)
  }
  for (const { digest, begunAt, at } of lying) if (Math.max(begunAt, at ?? 0) >= before) keep(digest)
  if (lying.every(({ digest }) => stays.has(digest))) return []
  // What is known to be needed keeps what it contains, before anything goes.
  await hands.guard(hands.signal)
  for (const { digest } of lying)
    if (!hands.stillDoomed({ repository: hands.repository, digest })) keep(digest)
  const edges = new Map(
    lying.map(({ digest, children }) => [digest, { children, nested: [], subject: undefined }]),
  )
  const going = lying.filter(({ digest }) => !stays.has(digest))
  const { purged, unknown } = await notOurs(hands, repository, going, others)
  for (const digest of unknown) keep(digest)
  const ours = going.filter(({ digest }) => !stays.has(digest) && !purged.includes(digest))
  // A journal has room for so many records, and what is refused is tried again for as long as it is.
  const digests = ours.filter(({ isPurging }) => isPurging !== true).map(({ digest }) => digest)
  if (digests.length > 0)
    await hands.journal.append([{ kind: 'purging', at: hands.clock.now(), repository, digests }])
  const isOurs = new Set(ours.map(({ digest }) => digest))
  for (const digest of sweepOrder(guardians(edges))) {
    if (stays.has(digest) || !isOurs.has(digest)) continue
    if (await purge(hands, repository, digest)) purged.push(digest)
    else keep(digest)
  }
  return purged
}

/**
 * What this run has begun and never seen whole may not be there, what it has begun to delete may be gone, and somebody may have deleted any of it by hand: then another run may put its
 * own copy there. It is looked what is there first: what is put there afterwards is not deleted, and whoever has put it there before has said so in its journal.
 * @returns digests of what is not there, or another run's, and of what may well be another run's: nobody knows until the journal can be read that may speak of it
 */
async function notOurs(
  hands: Hands,
  repository: string,
  copies: readonly TrashCopy[],
  others: OtherJournals,
): Promise<{ purged: string[]; unknown: readonly string[] }> {
  const doubtful = copies.filter(({ at, isPurging }) => at === undefined || isPurging === true)
  const found = await sideBySide(doubtful, WIDTH, ({ digest }) =>
    headDigest({ ...hands, repository }, digest),
  )
  const there = doubtful.filter((_, index) => found[index] !== undefined)
  const gone = new Set(doubtful.filter((_, index) => found[index] === undefined))
  const asked = copies.filter((copy) => !gone.has(copy))
  const { theirs, unknown } = asked.length === 0 ? NOBODYS : await copiesOfOthers(others, asked)
  return {
    purged: copies.filter((copy) => gone.has(copy) || theirs.has(copyKey(copy))).map(({ digest }) => digest),
    unknown: there.filter((copy) => unknown.has(copyKey(copy))).map(({ digest }) => digest),
  }
}

/** @returns false: it is in use */
async function purge(hands: Hands, repository: string, digest: string): Promise<boolean> {
  const isThere = async () =>
    (await headDigest({ ...hands, repository }, digest)) === undefined ? ('gone' as const) : undefined
  const outcome = await takeAway(hands, [{ repository: hands.repository, digest }], isThere, (options) =>
    hands.delete.deleteManifest(repository, digest, options),
  )
  if (typeof outcome === 'string') return outcome === 'gone'
  if ('error' in outcome) throw outcome.error
  return true
}
