import { sideBySide } from '#scan/side-by-side.ts'
import { carryOut } from './carry-out.ts'
import type { Binding, Eviction } from './eviction.ts'
import type { Hands } from './hands.ts'
import { begin } from './intents.ts'
import type { SavedManifest } from './journal.ts'
import { unsafe } from './scratch.ts'
import { headDigest, listTags } from './tags.ts'
import { type Obstacle, takeAway } from './take-away.ts'
import { WIDTH } from './width.ts'

/** A DELETE by name that was not answered is looked after, and sent again if the tag is still there. */
const TRIES = 3

/**
 * Deletes tags by their names. Afterwards every other tag must still be there: a product that takes more than the name is found out by the
 * first batch.
 * @param manifests of the bindings
 * @throws DELETE_TOOK_TAG, DELETE_UNSAFE, REGISTRY_* where the registry refuses
 */
export async function untagBatch(
  hands: Hands,
  eviction: Eviction,
  bindings: readonly Binding[],
  manifests: readonly SavedManifest[],
): Promise<void> {
  const intent = await begin(hands, { action: 'untag', bindings }, manifests)
  const all = await listTags(hands)
  const before = { all, bindings, digestOf: (tag: string) => eviction.tags.get(tag) }
  await carryOut(hands, intent, before, async (hands) => {
    const ended = await sideBySide(bindings, WIDTH, async (binding) => ({
      ...binding,
      outcome: await untagOne(hands, binding),
    }))
    return { ended, left: await listTags(hands) }
  })
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
