import type { Binding, Eviction } from './eviction.ts'
import type { Hands } from './hands.ts'
import type { SavedManifest } from './journal.ts'
import { journalState } from './journal-state.ts'
import { Overwriting } from './overwriting.ts'
import { copied, MAX_BYTES } from './save.ts'
import { proveDelete } from './scratch.ts'
import { settle } from './settle.ts'
import { untagBatch } from './untag-batch.ts'
import { proveUntag } from './untag-proof.ts'

/** `Native`: by name, where the product can. `Placeholder`: written over, then deleted together (docs/deleting.md). */
export type UntagMethod = 'Native' | 'Placeholder'

/** Tags of one batch at most: where a placeholder stands in for them, they all go with one DELETE. */
const BATCH = 1_000

/**
 * The first stage in one repository: afterwards no doomed tag resolves, and every manifest is still there. Can be called again after any
 * interruption, with the same journal; it goes on where it was.
 * @param gone told of each tag as soon as it is gone: that it has ended is told when its whole batch has, and somebody may need it by then (S04)
 * @throws UNTAG_UNSUPPORTED tags don't go alone here, and none went; what stopped it (DELETE_*, REGISTRY_*, what the guard throws): what had ended by then was told
 */
export async function untag(
  hands: Hands,
  eviction: Eviction,
  method: UntagMethod,
  gone: (binding: Binding) => void = () => undefined,
): Promise<void> {
  await settle(hands)
  const left = await notYetUntagged(hands, eviction.bindings)
  if (left.length === 0) return
  await (method === 'Native' ? proveUntag(hands) : proveDelete(hands))
  const overwriting = new Overwriting(hands, eviction, { tags: BATCH, bytes: MAX_BYTES }, gone)
  for await (const { items, copies } of copied(hands, left, BATCH, ({ digest }) => digest)) {
    const manifests = new Map<string, SavedManifest>()
    for (const [digest, copy] of copies) if (typeof copy === 'object') manifests.set(digest, copy)
    const bindings = items.filter(({ digest }) => manifests.has(digest))
    for (const { tag, digest } of items) {
      const copy = copies.get(digest)
      if (copy === 'gone' || copy === 'unreadable') hands.ended({ tag, digest, outcome: copy })
    }
    if (bindings.length === 0) continue
    if (method === 'Native')
      await untagBatch(hands, eviction, { bindings, manifests: [...manifests.values()], gone })
    else await overwriting.add(bindings, manifests)
  }
  await overwriting.finish()
}

/** Without those that an earlier call has ended: it told of them. */
async function notYetUntagged(hands: Hands, bindings: readonly Binding[]): Promise<readonly Binding[]> {
  const { removed } = await journalState(hands.journal)
  const gone = new Set(removed.tags.map(({ tag, digest }) => `${tag}@${digest}`))
  return bindings.filter(({ tag, digest }) => !gone.has(`${tag}@${digest}`))
}
