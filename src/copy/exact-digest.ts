import type { Manifest } from '#registry/manifest.ts'

/**
 * The digest that a tag had before it was lost, as far as that can be said: what the other registry has under the tag, if that is known
 * to be it, or holds it as a platform; else the only one that is known. Undefined: what the other registry has may be something else.
 * @param known digests that the tag named last, or that run
 */
export function exactDigest(tagged: Manifest | undefined, known: readonly string[]): string | undefined {
  if (tagged !== undefined) {
    const contained = tagged.kind === 'index' ? tagged.manifests.map(({ digest }) => digest) : []
    if ([tagged.digest, ...contained].some((digest) => known.includes(digest))) return tagged.digest
  }
  return known.length === 1 ? known[0] : undefined
}
