import type { DeletionCapabilities } from '#registry/client.ts'
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
