import { sideBySide } from '#scan/side-by-side.ts'
import type { Hands } from './hands.ts'
import { journalState } from './journal-state.ts'
import { guardians, sweepOrder } from './sweep-order.ts'
import { headDigest } from './tags.ts'
import { takeAway } from './take-away.ts'
import { copyKey, isDoubtful, type TrashCopy } from './trash-copies.ts'
import { copiesOfOthers, NOBODYS, type OtherJournals } from './trash-others.ts'
import { liesInTrash, type TrashPlace } from './trash-place.ts'
import { WIDTH } from './width.ts'

/**
 * Deletes the copies in the trash that this journal speaks of and that were made before `before`, indexes before their platforms. What is in use by now
 * stays, with all that it contains (S04), and so does what a younger copy contains. What another run has in the same place is left to that, and what may well be another run's stays until
 * that is known (S45).
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
  const lying = copies.filter(({ repository }) => liesInTrash(place, repository))
  const old = lying.filter(({ begunAt, at }) => Math.max(begunAt, at ?? 0) < before)
  if (old.length === 0) return 0
  await hands.guard(hands.signal)
  // What is needed stays for long, and journals are not read for that.
  if (!old.some((copy) => isDoomed(hands, copy))) return 0
  const known = { ...(await notOurs(hands, old, others)), old: new Set(old) }
  let purged = 0
  for (const [repository, shelf] of Map.groupBy(lying, (copy) => copy.repository)) {
    const digests = await purgeShelf(hands, repository, shelf, known)
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
  { old, over, unknown }: NotOurs & { readonly old: ReadonlySet<TrashCopy> },
): Promise<string[]> {
  const byDigest = new Map(lying.map((copy) => [copy.digest, copy]))
  const stays = new Set<string>()
  const keep = (digest: string) => {
    if (stays.has(digest)) return
    stays.add(digest)
    for (const child of byDigest.get(digest)?.children ?? []) keep(child)
  }
  for (const copy of lying) if (!old.has(copy)) keep(copy.digest)
  if (lying.every(({ digest }) => stays.has(digest))) return []
  // What is known to be needed keeps what it contains, before anything goes: earlier shelves took long.
  await hands.guard(hands.signal)
  for (const copy of lying) if (unknown.has(copy) || !isDoomed(hands, copy)) keep(copy.digest)
  const edges = new Map(
    lying.map(({ digest, children }) => [digest, { children, nested: [], subject: undefined }]),
  )
  const going = lying.filter(({ digest }) => !stays.has(digest))
  const purged = going.filter((copy) => over.has(copy)).map(({ digest }) => digest)
  const ours = going.filter((copy) => !over.has(copy))
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

interface NotOurs {
  /** Not there, or another run's. */
  readonly over: ReadonlySet<TrashCopy>
  /** Nobody knows whose until a journal can be read that may speak of it. */
  readonly unknown: ReadonlySet<TrashCopy>
}

/**
 * What this run has begun and never seen whole may not be there, what it has begun to delete may be gone, and somebody may have deleted any of it by hand: then another run may put its
 * own copy there. Where this run itself doubts, it is looked what is there first: what is put there afterwards is not deleted, and whoever has put it there before has said so in its journal.
 */
async function notOurs(hands: Hands, copies: readonly TrashCopy[], others: OtherJournals): Promise<NotOurs> {
  const doubtful = copies.filter(isDoubtful)
  const found = await sideBySide(doubtful, WIDTH, ({ repository, digest }) =>
    headDigest({ ...hands, repository }, digest),
  )
  const gone = new Set(doubtful.filter((_, index) => found[index] === undefined))
  const asked = copies.filter((copy) => !gone.has(copy))
  const { theirs, unknown } = asked.length === 0 ? NOBODYS : await copiesOfOthers(others, asked)
  return {
    over: new Set(copies.filter((copy) => gone.has(copy) || theirs.has(copyKey(copy)))),
    unknown: new Set(asked.filter((copy) => unknown.has(copyKey(copy)))),
  }
}

function isDoomed(hands: Hands, { digest }: TrashCopy): boolean {
  return hands.stillDoomed({ repository: hands.repository, digest })
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
