import { type Located, locator, type RegistryNames } from '#inventory/locate.ts'
import { type ImageUse, isPulled } from '#inventory/snapshot.ts'

/** How many images in use a registry really has. */
export interface Resolution {
  /** Distinct images, as the registry names them, that it has. */
  readonly resolved: number
  /** Distinct images that it should have and does not. */
  readonly unresolved: number
  /** Of all that it should have, those that it does not have, from 0 to 1; 0 where it should have none. */
  readonly unresolvedShare: number
  /** The first few that it does not have, as written. */
  readonly examples: readonly string[]
}

/** So many are named. */
const NAMED = 3

/** Above this share of references that do not resolve, the names of the registry are wrong: nothing is deleted (S06). */
export const LARGEST_UNRESOLVED_SHARE = 0.05

/**
 * Whether the names of a registry are right, judged by the images that its nodes may pull from it. What only a rollback,
 * a Helm release or a node's cache names may have gone long ago, and says nothing about names.
 * @param resolves whether the registry has the image
 */
export function resolution(
  images: readonly ImageUse[],
  names: RegistryNames,
  resolves: (image: Located) => boolean,
): Resolution {
  const locate = locator(names)
  const seen = new Set<string>()
  let resolved = 0
  const examples: string[] = []
  for (const use of images) {
    const located = use.reference === undefined ? undefined : locate(use.reference)
    if (located === undefined || use.neverPulled || !isPulled(use)) continue
    const key = `${located.repository}:${located.tag ?? ''}@${located.digest ?? ''}`
    if (seen.has(key)) continue
    seen.add(key)
    if (resolves(located)) resolved += 1
    else if (examples.length < NAMED) examples.push(use.image)
  }
  const unresolved = seen.size - resolved
  return { resolved, unresolved, unresolvedShare: seen.size === 0 ? 0 : unresolved / seen.size, examples }
}

/** Which images a registry lacks, and what to do for it to be trusted: for people. */
export function unresolvedText({ resolved, unresolved, examples }: Resolution): string {
  const more = unresolved - examples.length
  const named = `${examples.join(', ')}${more === 0 ? '' : ` and ${more} more`}`
  const all = resolved + unresolved
  const are = unresolved === 1 ? 'is' : 'are'
  return `${unresolved} of ${all} ${all === 1 ? 'image' : 'images'} in use ${are} not in the registry, more than ${LARGEST_UNRESOLVED_SHARE * 100} %: ${named}. Push what is missing or bring it back (tallyman restore), or end what names it; where it is there, the Registry lacks that name (spec.aliases) or has a wrong spec.url`
}
