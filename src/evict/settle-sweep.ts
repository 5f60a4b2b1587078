import { TallymanError } from '#catalogue/error.ts'
import type { Binding, Ended } from './eviction.ts'
import type { Hands } from './hands.ts'
import { end } from './intents.ts'
import type { Intent, Step } from './journal.ts'
import { savedManifests } from './journal-state.ts'
import type { RawManifest } from './placeholder.ts'
import { named, putBackLost, revive } from './put-back.ts'
import { Refused } from './refused.ts'
import { keepByDigest, notWritten, unsettled } from './sweep-lost.ts'
import { neededBy, writeNeeded } from './sweep-needed.ts'
import { missingFrom, resolveTags, settledTags } from './tags.ts'
import { tagsThen } from './tags-then.ts'

type SweepStep = Extract<Step, { readonly action: 'sweep' }>

/**
 * Finishes what a process began that died while it deleted manifests. They go one after the other, and the tags are counted between two: a tag that names nothing was
 * the last one's, by somebody who moved it there (S15). Of one that is missing nobody can tell by now whether the last DELETE took it: the last manifest is there again,
 * and that is told (S37). What an index contains whose tag is new since is there again as well (S47).
 * @throws DELETE_UNSETTLED it still goes on, or a tag is missing; DELETE_TOOK_TAG
 */
export async function settleSweep(hands: Hands, intent: Intent, step: SweepStep): Promise<void> {
  const { digests, bindings = [] } = step
  const { left, absent } = await afterQuiet(hands, digests)
  // Before anything is written: what is put back has to be told of.
  const then = await tagsThen(hands.journal, intent.id)
  const needed = await neededBy(hands, then === undefined ? [] : missingFrom(then.tags, left))
  const names = await resolveTags(hands, left)
  const namedNow = namedBy(names, bindings)
  // One that somebody has pushed again by now was deleted all the same, as far as anybody can tell, and took along what named it.
  const pushedAgain = new Set(
    digests.filter((digest) => !absent.has(digest) && (needed.has(digest) || namedNow.has(digest))),
  )
  const taken = bindings.filter(
    ({ tag, digest }) => !left.has(tag) && (absent.has(digest) || pushedAgain.has(digest)),
  )
  const saved = await savedManifests(hands.journal, new Set(mayBeLast(digests, absent)))
  const last = mayBeLast(digests, absent).flatMap((digest) => saved.get(digest) ?? [])
  const refused = new Refused()
  const { tags, back, dangling } = await reviveDangling(hands, names, last, refused)
  const known = new Set([...left, ...taken.map(({ tag }) => tag)])
  const missing = last.length + pushedAgain.size === 0 ? [] : missingSince(then, digests, known)
  if (missing.length > 0) {
    for (const manifest of last) {
      const { digest } = manifest
      if (await refused.takes(digest, () => keepByDigest(hands, manifest, refused.put))) back.add(digest)
    }
  }
  const lacking = new Set([...absent].filter((digest) => needed.has(digest) && !back.has(digest)))
  for (const [digest, manifest] of await savedManifests(hands.journal, lacking)) {
    if (!(await refused.takes(digest, () => writeNeeded(hands, [manifest], refused.put))))
      lacking.delete(digest)
  }
  await end(hands, intent, [
    ...digests
      .filter((digest) => absent.has(digest) && !back.has(digest))
      .map((digest): Ended => ({ digest, outcome: lacking.has(digest) ? 'named' : 'swept' })),
    ...taken.map((binding): Ended => ({ ...binding, outcome: 'untagged' })),
  ])
  const there = last.flatMap(({ digest }) => (refused.has(digest) ? [] : digest))
  // What they named is not known, and nothing will show it any more.
  const lost = refused.text === undefined ? missing : [...missing, ...dangling]
  await tell(hands, { tags, lost, kept: [...there, ...pushedAgain].join(' or '), refused: refused.text })
}

interface Told {
  /** What went along, and names its manifest again. */
  readonly tags: ReadonlyMap<string, RawManifest>
  /** Those of which nobody knows what they named. */
  readonly lost: readonly string[]
  /** What they may have named, and is there. */
  readonly kept: string
  readonly refused: string | undefined
}

/** @throws DELETE_TOOK_TAG, DELETE_UNSETTLED where there is something to tell */
async function tell(hands: Hands, { tags, lost, kept, refused }: Told): Promise<void> {
  const more = [
    ...(lost.length === 0 ? [] : [notWritten(lost, kept)]),
    ...(refused === undefined ? [] : [refused]),
  ]
  if (tags.size > 0)
    await putBackLost(hands, [...tags.keys()], async (tag) => tags.get(tag), more.join('; ') || undefined)
  if (more.length > 0) throw unsettled(hands, more.join('; '), lost.length)
}

/** What the tags of a repository name, but for those that go along with their own manifest. */
function namedBy(
  names: ReadonlyMap<string, string | undefined>,
  bindings: readonly Binding[],
): ReadonlySet<string | undefined> {
  const going = new Map(bindings.map(({ tag, digest }) => [tag, digest]))
  return new Set([...names].flatMap(([tag, digest]) => (going.get(tag) === digest ? [] : digest)))
}

/** @returns the tags, and those of the manifests that are not there @throws DELETE_UNSETTLED one of either went in a quiet period: whoever has begun that still deletes (S16, S41) */
async function afterQuiet(hands: Hands, digests: readonly string[]) {
  const before = await absentOf(hands, digests)
  const left = await settledTags(hands)
  const absent = await absentOf(hands, digests)
  const vanished = missingFrom(before, absent)
  if (vanished.length === 0) return { left, absent }
  throw new TallymanError(
    'DELETE_UNSETTLED',
    `${hands.repository}: ${named(vanished)} disappeared while nothing was asked for: the run that has begun that still deletes, or its last DELETE goes on`,
    { details: { vanished: vanished.length } },
  )
}

async function absentOf(hands: Hands, digests: readonly string[]): Promise<Set<string>> {
  const found = await resolveTags(hands, digests)
  return new Set(digests.filter((digest) => found.get(digest) === undefined))
}

/**
 * Those of the absent manifests that may be the last one that was deleted, the latest first: each behind which there is one that is there, in the order in which they go.
 * That one was left alone, or others have deleted what comes behind it.
 */
function mayBeLast(digests: readonly string[], absent: ReadonlySet<string>): string[] {
  return digests.filter((digest, at) => absent.has(digest) && !absent.has(digests[at + 1] ?? '')).reverse()
}

/**
 * Writes one of these again after the other, until no tag names nothing any more.
 * @param names what each tag names; those that name nothing are meant
 * @returns by tag, what it names again; the digests of all that were written; and the tags that still name nothing
 */
async function reviveDangling(
  hands: Hands,
  names: ReadonlyMap<string, string | undefined>,
  manifests: readonly RawManifest[],
  refused: Refused,
) {
  let dangling = [...names].flatMap(([tag, digest]) => (digest === undefined ? tag : []))
  const tags = new Map<string, RawManifest>()
  const back = new Set<string>()
  for (const manifest of manifests) {
    if (dangling.length === 0) break
    const { digest } = manifest
    const isTaken = await refused.takes(digest, async () => {
      const revived = await revive(hands, dangling, manifest, refused.put)
      for (const tag of revived?.tags ?? []) tags.set(tag, manifest)
    })
    if (isTaken) back.add(digest)
    dangling = dangling.filter((tag) => !tags.has(tag))
  }
  return { tags, back, dangling }
}

/** The tags that there were before a sweep and are not among these; none, where what they may have named is back already: then they were told of. */
function missingSince(
  then: Awaited<ReturnType<typeof tagsThen>>,
  digests: readonly string[],
  known: ReadonlySet<string>,
): readonly string[] {
  if (then === undefined || digests.some((digest) => then.returned.has(digest))) return []
  return missingFrom(known, then.tags)
}
