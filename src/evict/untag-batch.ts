import { sideBySide } from '#scan/side-by-side.ts'
import type { Binding, Ended, Eviction } from './eviction.ts'
import type { Hands } from './hands.ts'
import { savedManifests } from './journal-state.ts'
import { putBackLost } from './put-back.ts'
import { copyOf } from './save.ts'
import { unsafe } from './scratch.ts'
import { headDigest, listTags, missingFrom } from './tags.ts'
import { type Obstacle, takeAway } from './take-away.ts'
import { WIDTH } from './width.ts'

/** A DELETE by name that was not answered is looked after, and sent again if the tag is still there. */
const TRIES = 3

/**
 * Deletes tags by their names. Afterwards every other tag must still be there: a product that takes more than the name is found out by the
 * first batch.
 * @throws DELETE_TOOK_TAG, DELETE_UNSAFE, REGISTRY_* where the registry refuses
 */
export async function untagBatch(
  hands: Hands,
  eviction: Eviction,
  bindings: readonly Binding[],
): Promise<Ended[]> {
  const before = await listTags(hands)
  const ended = await sideBySide(bindings, WIDTH, async (binding) => ({
    ...binding,
    outcome: await untagOne(hands, binding),
  }))
  const planned = new Set(bindings.map(({ tag }) => tag))
  const lost = missingFrom(await listTags(hands), before).filter((tag) => !planned.has(tag))
  if (lost.length > 0) await putBackLost(hands, lost, (tag) => stayed(hands, eviction, tag))
  return ended
}

async function untagOne(hands: Hands, { tag, digest }: Binding): Promise<Obstacle | 'untagged'> {
  const { repository } = hands
  const stands = async () => {
    const now = await headDigest(hands, tag)
    if (now === undefined) return 'gone'
    return now === digest ? undefined : 'moved'
  }
  for (let tries = 1; ; tries++) {
    const outcome = await takeAway(hands, [{ repository, tag, digest }], stands, (options) =>
      hands.delete.deleteManifest(repository, tag, options),
    )
    if (typeof outcome === 'string') return outcome === 'gone' && tries > 1 ? 'untagged' : outcome
    switch (outcome.kind) {
      case 'deleted':
        return 'untagged'
      case 'absent':
        return tries > 1 ? 'untagged' : 'gone'
      case 'unsupported':
      case 'denied':
        throw outcome.error
      case 'unknown':
        if (tries < TRIES) continue
        throw unsafe(hands, `of tag ${tag} was not carried through ${TRIES} times`, outcome.error)
    }
  }
}

/** What a tag named when it was decided that it stays: as the registry has it, or the journal, where that went along (S40). */
export async function stayed(hands: Hands, { tags }: Pick<Eviction, 'tags'>, tag: string) {
  const digest = tags.get(tag)
  if (digest === undefined) return undefined
  const copy = await copyOf(hands, digest)
  return typeof copy === 'object'
    ? copy
    : (await savedManifests(hands.journal, new Set([digest]))).get(digest)
}
