import { hasCode } from '#catalogue/error.ts'
import { anchorTag } from '#retention/anchor-tag.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import { type Access, calls } from './hands.ts'
import { copyOf } from './save.ts'
import { headDigest } from './tags.ts'
import { WIDTH } from './width.ts'

/**
 * What became of a digest that was to be anchored. `anchored`: its tag names it. `gone`: the registry does not have it, or not all that it is made of. `unreadable`: what
 * it has is damaged. `taken`: its tag names something else.
 */
export type AnchorOutcome = 'anchored' | 'gone' | 'unreadable' | 'taken'

/**
 * Gives digests in use that no tag names a tag of their own, so that nothing takes them for garbage (S14): the same bytes are written once more, which takes nothing
 * away. A tag that is there is never written over.
 * @param digests of the repository, each once
 * @throws REGISTRY_*, LEADERSHIP_LOST, CANCELLED
 */
export async function anchor(
  access: Access,
  digests: readonly string[],
): Promise<ReadonlyMap<string, AnchorOutcome>> {
  const outcomes = new Map<string, AnchorOutcome>()
  await sideBySide(digests, WIDTH, async (digest) => outcomes.set(digest, await anchorOne(access, digest)))
  return outcomes
}

async function anchorOne(access: Access, digest: string): Promise<AnchorOutcome> {
  const tag = anchorTag(digest)
  const named = await headDigest(access, tag)
  if (named !== undefined) return named === digest ? 'anchored' : 'taken'
  const copy = await copyOf(access, digest)
  if (copy === 'gone' || copy === 'unreadable') return copy
  try {
    await access.push.putManifest(access.repository, tag, copy, calls(access).write)
    return 'anchored'
  } catch (error) {
    // The registry takes no manifest of which a blob or a child is missing.
    if (hasCode(error, 'REGISTRY_ABSENT')) return 'gone'
    throw error
  }
}
