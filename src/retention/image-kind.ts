import type { ManifestFacts, RegistryFacts } from '#retention/facts.ts'
import { IMAGE_KIND } from '#retention/rules.ts'

const MAX_DEPTH = 3

/**
 * What rules call a manifest: `Image` for a container image and for an index that holds one, else the type of the artifact, empty where it says none. undefined: it was
 * not read.
 */
export function ruleKind(
  manifest: ManifestFacts | undefined,
  manifests: RegistryFacts['manifests'],
): string | undefined {
  if (manifest === undefined) return undefined
  return holdsImage(manifest, manifests, 0) ? IMAGE_KIND : (manifest.artifactType ?? '')
}

function holdsImage(
  manifest: ManifestFacts | undefined,
  manifests: RegistryFacts['manifests'],
  depth: number,
): boolean {
  if (manifest === undefined || depth > MAX_DEPTH) return false
  if (manifest.kind !== 'index') return manifest.kind === 'image'
  return manifest.children.some(({ digest }) => holdsImage(manifests.get(digest), manifests, depth + 1))
}
