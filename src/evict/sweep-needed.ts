import { MAX_NESTING } from '#registry/nesting.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import type { Hands } from './hands.ts'
import { edgesOf } from './journal-state.ts'
import type { RawManifest } from './placeholder.ts'
import { type Put, putByDigest } from './put-back.ts'
import { copyOf } from './save.ts'
import { headDigest, resolveTags } from './tags.ts'
import { WIDTH } from './width.ts'

// What a sweep has deleted and something needs that was pushed in that very moment (S47).

/**
 * What these tags name, and all that it contains. One that names nothing, what cannot be read, and what lies deeper than runtimes pull, needs nothing: whoever has to know
 * everything asks Standing.
 * @throws REGISTRY_* where the registry does not say; CANCELLED
 */
export async function neededBy(hands: Hands, tags: readonly string[]): Promise<ReadonlySet<string>> {
  const named = await resolveTags(hands, tags)
  const needed = new Set<string>()
  let level = new Set([...named.values()].flatMap((digest) => digest ?? []))
  for (let depth = 0; depth <= MAX_NESTING && level.size > 0; depth += 1) {
    for (const digest of level) needed.add(digest)
    const edges = await sideBySide([...level], WIDTH, async (digest) => {
      const copy = await copyOf(hands, digest)
      return typeof copy === 'object' ? edgesOf(copy) : undefined
    })
    const next = new Set<string>()
    for (const { children, nested } of edges.flatMap((each) => each ?? [])) {
      for (const child of nested) if (!needed.has(child)) next.add(child)
      for (const child of children) if (!nested.includes(child)) needed.add(child)
    }
    level = next
  }
  return needed
}

/** Writes manifests again by their digests, but for those that are there. They count as brought back (S12), and no harm was done. */
export async function writeNeeded(
  hands: Hands,
  manifests: Iterable<RawManifest>,
  put: Put = putByDigest,
): Promise<void> {
  const { journal, clock } = hands
  for (const manifest of manifests) {
    const { digest } = manifest
    if ((await headDigest(hands, digest)) !== undefined) continue
    await put(hands, manifest)
    await journal.append([{ kind: 'restored', at: clock.now(), digest, isNeeded: true }])
  }
}
