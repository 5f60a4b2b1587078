import { carryOut } from './carry-out.ts'
import { endedByName } from './ended-by-name.ts'
import type { Hands } from './hands.ts'
import type { Intent, Step } from './journal.ts'
import { savedManifests } from './journal-state.ts'
import { placeholder } from './placeholder.ts'
import { assertNobodyFollowed } from './placeholder-followers.ts'
import { giveBack, isDoomed, isWhole, removePlaceholder, withWayBack } from './placeholder-removal.ts'
import { missingFrom, resolveTags, settledTags } from './tags.ts'

/**
 * Finishes what a process began that died while a placeholder stood in for tags. Those that are not to go any more get their own manifests back, and the others go with it.
 * @throws DELETE_UNSETTLED it still goes on, or another tag names the placeholder by now: everything else has its own manifest then, and the intent is open; DELETE_UNSAFE,
 * DELETE_TOOK_TAG, what the guard throws
 */
export async function settleOverwrite(
  hands: Hands,
  intent: Intent,
  { bindings, nonce }: Extract<Step, { readonly action: 'overwrite' }>,
): Promise<void> {
  const left = await settledTags(hands)
  const stand = placeholder(nonce)
  const gone = await endedByName(hands, bindings, left)
  const listed = bindings.filter(({ tag }) => left.has(tag))
  const manifests = await savedManifests(hands.journal, new Set(listed.map(({ digest }) => digest)))
  // What stays has its own manifest back before anything is asked for that may be forbidden (S17).
  const stays = listed.filter((binding) => !isDoomed(hands, binding))
  await giveBack(hands, stays, manifests, stand)
  const others = missingFrom(new Set(bindings.map(({ tag }) => tag)), left)
  let named: ReadonlyMap<string, string> = new Map()
  const tags = { all: others, bindings, digestOf: (tag: string) => named.get(tag) }
  await carryOut(hands, intent, tags, (hands) =>
    withWayBack(hands, listed, manifests, stand, async () => {
      named = await assertNobodyFollowed(hands, others, stand, bindings)
      if (await isWhole(hands, stand, listed, left)) return { ended: gone, left }
      const names = await resolveTags(
        hands,
        listed.map(({ tag }) => tag),
      )
      const over = listed.filter(({ tag }) => names.get(tag) === stand.digest)
      const removed = await removePlaceholder(hands, stand, over, manifests)
      return { ended: [...gone, ...removed.ended], left: removed.left }
    }),
  )
}
