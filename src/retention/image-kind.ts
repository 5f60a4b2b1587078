import type { RegistryFacts } from '#retention/facts.ts'
import { IMAGE_KIND } from '#retention/rules.ts'

const MAX_DEPTH = 3

/**
 * What rules call a manifest: `Image` for a container image and for an index that holds one, else the type of the artifact, empty where it says none. undefined: it was
 * not read.
 */
export function ruleKind(digest: string, manifests: RegistryFacts['manifests']): string | undefined {
  const manifest = manifests.get(digest)
  if (manifest === undefined) return undefined
  return holdsImage(digest, manifests, 0) ? IMAGE_KIND : (manifest.artifactType ?? '')
}

function holdsImage(digest: string, manifests: RegistryFacts['manifests'], depth: number): boolean {
  const manifest = manifests.get(digest)
  if (manifest === undefined || depth > MAX_DEPTH) return false
  if (manifest.kind !== 'index') return manifest.kind === 'image'
  return manifest.children.some((child) => holdsImage(child.digest, manifests, depth + 1))
}
