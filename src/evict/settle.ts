import type { Binding, Ended } from './eviction.ts'
import type { Hands } from './hands.ts'
import { end } from './intents.ts'
import type { Intent, Step } from './journal.ts'
import { journalState, savedManifests } from './journal-state.ts'
import { placeholder, type RawManifest } from './placeholder.ts'
import { giveBack, isDoomed, isWhole, removePlaceholder } from './placeholder-removal.ts'
import { putBackLost, revive } from './put-back.ts'
import { deletedByOthers, keepByDigest } from './sweep-lost.ts'
import { headDigest, missingFrom, resolveTags, settledTags } from './tags.ts'
import { tagsThen } from './tags-then.ts'

/**
 * Finishes what an earlier process began in this repository and did not record the end of: it was killed, lost the lease, or its last DELETE was
 * cut off. Nothing is touched before two listings, a quiet period apart, agree (S16). To be done before anything else is deleted here.
 * @throws JOURNAL_LOST nobody knows what that was; DELETE_UNSETTLED it still goes on; DELETE_TOOK_TAG a tag was found that had lost its manifest, and has it back
 */
export async function settle(hands: Hands): Promise<void> {
  const { open } = await journalState(hands.journal)
  if (open.length === 0) return
  for (const intent of open) {
    const left = await settledTags(hands)
    switch (intent.step.action) {
      case 'untag':
        await end(hands, intent, await endedByName(hands, intent.step.bindings, left))
        break
      case 'overwrite':
        await end(hands, intent, await settleOverwrite(hands, intent.step, left))
        break
      case 'sweep':
        await settleSweep(hands, intent, intent.step, left)
        break
    }
  }
}

/** Of tags that are gone; the others were not touched, or belong to somebody else by now. */
async function endedByName(
  hands: Hands,
  bindings: readonly Binding[],
  left: ReadonlySet<string>,
): Promise<Ended[]> {
  const gone = bindings.filter(({ tag }) => !left.has(tag))
  const named = await resolveTags(
    hands,
    gone.map(({ tag }) => tag),
  )
  return gone
    .filter(({ tag }) => named.get(tag) === undefined)
    .map((binding): Ended => ({ ...binding, outcome: 'untagged' }))
}

async function settleOverwrite(
  hands: Hands,
  { bindings, nonce }: { readonly bindings: readonly Binding[]; readonly nonce: string },
  left: ReadonlySet<string>,
): Promise<readonly Ended[]> {
  const stand = placeholder(nonce)
  const gone = await endedByName(hands, bindings, left)
  const listed = bindings.filter(({ tag }) => left.has(tag))
  const manifests = await savedManifests(hands.journal, new Set(listed.map(({ digest }) => digest)))
  // What stays has its own manifest back before anything is asked for that may be forbidden (S17).
  const stays = listed.filter((binding) => !isDoomed(hands, binding))
  await giveBack(hands, stays, manifests, stand)
  if (await isWhole(hands, stand, listed, left)) return gone
  const names = await resolveTags(
    hands,
    listed.map(({ tag }) => tag),
  )
  const over = listed.filter(({ tag }) => names.get(tag) === stand.digest)
  const removed = await removePlaceholder(hands, stand, over, manifests)
  return [...gone, ...removed.ended]
}

/**
 * Manifests are deleted one after the other, and the tags are counted between two: a tag that names nothing was the last one's, by somebody
 * who moved it there (S15). Of one that is missing nobody can tell by now whether the last DELETE took it: the last manifest is there again, and that is told (S37).
 */
async function settleSweep(
  hands: Hands,
  intent: Intent,
  { digests, bindings = [] }: Extract<Step, { readonly action: 'sweep' }>,
  left: ReadonlySet<string>,
): Promise<void> {
  const swept: string[] = []
  for (const digest of digests) if ((await headDigest(hands, digest)) === undefined) swept.push(digest)
  const names = await resolveTags(hands, left)
  const dangling = [...names].filter(([, digest]) => digest === undefined).map(([tag]) => tag)
  const taken = bindings.filter(({ tag, digest }) => swept.includes(digest) && !left.has(tag))
  const ended = [
    ...swept.map((digest): Ended => ({ digest, outcome: 'swept' })),
    ...taken.map((binding): Ended => ({ ...binding, outcome: 'untagged' })),
  ]
  const last = await lastSwept(hands, swept)
  const missing = await missingSince(hands, intent, new Set([...left, ...taken.map(({ tag }) => tag)]))
  const lost = await revive(hands, dangling, last)
  if (last === undefined || (lost === undefined && missing.length === 0)) return end(hands, intent, ended)
  if (lost === undefined) await keepByDigest(hands, last)
  await end(
    hands,
    intent,
    ended.filter(({ tag, digest }) => tag !== undefined || digest !== last.digest),
  )
  if (lost === undefined) throw deletedByOthers(hands, missing, last.digest)
  const named = new Set(lost.tags)
  await putBackLost(hands, [...lost.tags, ...missing], async (tag) => (named.has(tag) ? last : undefined))
}

/** The tags that there were before a sweep and are not among these; none, where what they may have named is back already: then they were told of. */
async function missingSince(
  hands: Hands,
  { id, step }: Intent,
  known: ReadonlySet<string>,
): Promise<readonly string[]> {
  const then = await tagsThen(hands.journal, id)
  if (then === undefined || step.action !== 'sweep') return []
  if (step.digests.some((digest) => then.returned.has(digest))) return []
  return missingFrom(known, then.tags)
}

async function lastSwept(hands: Hands, swept: readonly string[]): Promise<RawManifest | undefined> {
  const digest = swept.at(-1)
  if (digest === undefined) return undefined
  return (await savedManifests(hands.journal, new Set([digest]))).get(digest)
}
