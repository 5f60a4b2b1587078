import type { Binding, Ended } from './eviction.ts'
import type { Hands } from './hands.ts'
import { resolveTags } from './tags.ts'

/**
 * How tags have ended that an earlier process began to take away: those that are gone. The others were not touched, or belong to somebody else by now.
 * @param left the tags that there are
 */
export async function endedByName(
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
