import { TallymanError } from '#catalogue/error.ts'
import type { Binding } from './eviction.ts'
import type { Hands } from './hands.ts'
import type { RawManifest } from './placeholder.ts'
import { named, revive } from './put-back.ts'
import { resolveTags } from './tags.ts'

/**
 * Somebody may have promoted a tag while a placeholder stood in for it. What the tag that they made, or moved, should name can't be known, and deleting the
 * placeholder would take it (S43).
 * @param tags others than those that it was written over
 * @param bindings that it was written over
 * @returns what those of the tags name that name something
 * @throws DELETE_UNSETTLED
 */
export async function assertNobodyFollowed(
  hands: Hands,
  tags: Iterable<string>,
  stand: RawManifest,
  bindings: readonly Binding[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  const dangling: string[] = []
  for (const [tag, digest] of await resolveTags(hands, tags)) {
    if (digest === undefined) dangling.push(tag)
    else names.set(tag, digest)
  }
  const revived = await revive(hands, dangling, stand)
  const naming = [...names.keys()].filter((tag) => names.get(tag) === stand.digest)
  const followers = [...naming, ...(revived?.tags ?? [])]
  if (followers.length === 0) return names
  const [one, ...others] = new Set(bindings.map(({ digest }) => digest))
  const from = others.length === 0 ? `which named ${one}` : 'and nobody can tell from which'
  throw new TallymanError(
    'DELETE_UNSETTLED',
    `${hands.repository}: ${named(followers)} names a placeholder: it was made from a tag that was about to go, ${from}. Nothing is deleted here until it is pushed again`,
    { details: { followers: followers.length } },
  )
}
