import { sideBySide } from '#scan/side-by-side.ts'
import { carryOut } from './carry-out.ts'
import type { Binding, Ended, Eviction } from './eviction.ts'
import type { Hands } from './hands.ts'
import { begin, end } from './intents.ts'
import type { SavedManifest } from './journal.ts'
import { lookAfter } from './look-after.ts'
import { unsafe } from './scratch.ts'
import { headDigest, listTags } from './tags.ts'
import { type Obstacle, takeAway } from './take-away.ts'
import { WIDTH } from './width.ts'

/** A DELETE by name that was not answered is looked after, and sent again if the tag is still there. */
const TRIES = 3

/** Tags that go by their names. */
export interface UntagBatch {
  readonly bindings: readonly Binding[]
  /** Of the bindings. */
  readonly manifests: readonly SavedManifest[]
  /** Told of each as soon as it is gone. */
  readonly gone: (binding: Binding) => void
}

/**
 * Deletes tags by their names. Afterwards every other tag must still be there: a product that takes more than the name is found out by the
 * first batch. Where it is stopped, what went by then is recorded, unless a DELETE was not answered.
 * @throws DELETE_TOOK_TAG, DELETE_UNSAFE, REGISTRY_* where the registry refuses
 */
export async function untagBatch(
  hands: Hands,
  eviction: Eviction,
  { bindings, manifests, gone }: UntagBatch,
): Promise<void> {
  const intent = await begin(hands, { action: 'untag', bindings }, manifests)
  const all = await listTags(hands)
  const before = { all, bindings, digestOf: (tag: string) => eviction.tags.get(tag) }
  await carryOut(hands, intent, before, async (hands) => {
    const ended: Ended[] = []
    const inDoubt = new Set<string>()
    try {
      await sideBySide(bindings, WIDTH, async (binding) => {
        const outcome = await untagOne(hands, binding, inDoubt)
        inDoubt.delete(binding.tag)
        if (outcome === 'untagged') gone(binding)
        ended.push({ ...binding, outcome })
      })
      return { ended, left: await listTags(hands) }
    } catch (error) {
      // What is in doubt is found out by `settle`, as long as the intent is open.
      if (inDoubt.size === 0 && !hands.signal.aborted) {
        await lookAfter(error, () => end(hands, intent, ended))
      }
      throw error
    }
  })
}

/** @param inDoubt gets the tag when nobody knows what a DELETE of it did */
async function untagOne(
  hands: Hands,
  { tag, digest }: Binding,
  inDoubt: Set<string>,
): Promise<Obstacle | 'untagged'> {
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
        inDoubt.add(tag)
        if (tries < TRIES) continue
        throw unsafe(hands, `of tag ${tag} was not carried through ${TRIES} times`, outcome.error)
    }
  }
}
