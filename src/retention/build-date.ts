import type { ManifestFacts, RegistryFacts } from '#retention/facts.ts'
import { isKnownDate } from '#time/known-date.ts'

/** What holds indexes of indexes of indexes says no date. */
const MAX_DEPTH = 3

/**
 * When something was built, ms since the epoch: what it says itself, or the newest of its children but for attestations. undefined: it does not say, or says what cannot be;
 * of several children, one that does not say may be the newest.
 */
export function buildDate(
  manifest: ManifestFacts,
  manifests: RegistryFacts['manifests'],
  now: number,
  depth = 0,
): number | undefined {
  const { created, children } = manifest
  if (isKnownDate(created, now)) return created
  if (depth === MAX_DEPTH) return undefined
  let newest: number | undefined
  for (const { digest, platform } of children) {
    if (platform?.startsWith('unknown/') === true) continue
    const child = manifests.get(digest)
    // One that the registry does not have says nothing, and nobody runs it.
    if (child === undefined) continue
    const date = buildDate(child, manifests, now, depth + 1)
    if (date === undefined) return undefined
    newest = Math.max(newest ?? date, date)
  }
  return newest
}
