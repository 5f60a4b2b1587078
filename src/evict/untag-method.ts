import type { PLACEHOLDER_USES } from '#crds/registry.ts'
import type { DeletionCapabilities, Product } from '#registry/client.ts'
import type { UntagMethod } from './untag.ts'

/**
 * How tags can go from a registry without their manifests; undefined: not at all. By its name a tag goes only where a test on that product has shown that nothing
 * goes along: elsewhere a DELETE of a tag may take the image, with all its other tags (S40).
 * @param found what the registry says that it deletes
 * @param product what it answers like @param use `Auto`: a placeholder, where the product is one that cannot delete a tag, and was tested
 */
export function untagMethod(
  found: Pick<DeletionCapabilities, 'tagDelete' | 'digestDelete'>,
  product: Product,
  use: (typeof PLACEHOLDER_USES)[number],
): UntagMethod | undefined {
  const shown = shownProduct(found, product)
  if (found.tagDelete === 'supported' && shown === 'distribution-3') return 'Native'
  const mayPlaceholder = use === 'Allowed' || (use === 'Auto' && shown === 'distribution-2')
  return mayPlaceholder && found.digestDelete === 'supported' ? 'Placeholder' : undefined
}

/** distribution 2 has no DELETE of a tag: what answers like it and has one is something else. */
function shownProduct({ tagDelete }: Pick<DeletionCapabilities, 'tagDelete'>, product: Product): Product {
  return product === 'distribution-2' && tagDelete === 'supported' ? 'unknown' : product
}
