import { MAX_NESTING } from '#registry/nesting.ts'
import type { Reach } from './hands.ts'
import { edgesOf } from './journal-state.ts'
import type { RawManifest } from './placeholder.ts'
import { type Copy, copyOf } from './save.ts'

/** A manifest and all that it contains, each with its children. */
export type Family = ReadonlyMap<string, readonly string[]>

/** Only an index within an index has to be read for that. @param copies of manifests that were read already */
export async function familyOf(
  reach: Reach,
  manifest: RawManifest,
  copies: ReadonlyMap<string, Copy>,
): Promise<Family> {
  const family = new Map<string, readonly string[]>()
  const add = async (each: RawManifest, depth: number) => {
    const { children, nested } = edgesOf(each)
    family.set(each.digest, children)
    if (depth === MAX_NESTING) return
    for (const child of children) {
      if (family.has(child)) continue
      const copy = nested.includes(child) ? (copies.get(child) ?? (await copyOf(reach, child))) : undefined
      if (typeof copy === 'object') await add(copy, depth + 1)
      else family.set(child, [])
    }
  }
  await add(manifest, 0)
  return family
}
