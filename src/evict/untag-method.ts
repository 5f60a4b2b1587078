import type { PLACEHOLDER_USES } from '#crds/registry.ts'
import type { DeletionCapabilities, Product } from '#registry/client.ts'
import type { UntagMethod } from './untag.ts'

/**
 * How tags can go from a registry without their manifests; undefined: not at all.
 * @param mayPlaceholder whether the Registry allows the placeholder; it is of no use where nothing can be deleted by digest
 */
export function untagMethod(
  { tagDelete, digestDelete }: DeletionCapabilities,
  mayPlaceholder: boolean,
): UntagMethod | undefined {
  if (tagDelete === 'supported') return 'Native'
  return mayPlaceholder && digestDelete === 'supported' ? 'Placeholder' : undefined
}

/** Whether a placeholder may be written over a tag. `Auto`: where the product is one that cannot delete a tag, and was tested. */
export function mayPlaceholder(use: (typeof PLACEHOLDER_USES)[number], product: Product): boolean {
  return use === 'Allowed' || (use === 'Auto' && product === 'distribution-2')
}
