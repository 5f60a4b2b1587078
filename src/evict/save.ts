import { asTallymanError } from '#catalogue/error.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import { type Access, calls, type Reach } from './hands.ts'
import type { SavedManifest } from './journal.ts'
import { WIDTH } from './width.ts'

/** At most so many manifests are read before their sizes are looked at: each may have 4 MiB. */
const STRIDE = 32
/** Of one batch, but for its last manifests. */
export const MAX_BYTES = 32 * 1024 * 1024

/** What a manifest is, or why it cannot be saved. */
export type Copy = SavedManifest | 'gone' | 'unreadable'

/**
 * Reads one manifest, bytes verified. What is not there is `gone`; what is there and not whole could not be brought back: `unreadable`.
 * @throws what says nothing about it: unreachable, denied, cancelled
 */
export async function copyOf(hands: Access, digest: string): Promise<Copy> {
  try {
    const { bytes, mediaType } = await hands.pull.getManifest(hands.repository, digest, calls(hands).read)
    return { kind: 'manifest', digest, mediaType, bytes }
  } catch (thrown) {
    const error = asTallymanError(thrown)
    if (error.kind === 'absent') return 'gone'
    if (error.kind === 'damaged' || error.code === 'REGISTRY_MEDIA_TYPE') return 'unreadable'
    throw error
  }
}

/**
 * Items with the copies of their manifests, in batches of at most `most` items and some 32 MiB.
 */
export async function* copied<T>(
  reach: Reach,
  items: readonly T[],
  most: number,
  digestOf: (item: T) => string,
): AsyncGenerator<{ readonly items: readonly T[]; readonly copies: ReadonlyMap<string, Copy> }, void, void> {
  let batch: T[] = []
  let copies = new Map<string, Copy>()
  let bytes = 0
  for (let start = 0; start < items.length; ) {
    const stride = items.slice(start, start + Math.min(STRIDE, most - batch.length))
    start += stride.length
    const missing = [...new Set(stride.map(digestOf))].filter((digest) => !copies.has(digest))
    const read = await sideBySide(missing, WIDTH, (digest) => copyOf(reach, digest))
    for (const [index, digest] of missing.entries()) {
      const copy = read[index]
      if (copy === undefined) continue
      copies.set(digest, copy)
      if (typeof copy === 'object') bytes += copy.bytes.byteLength
    }
    batch.push(...stride)
    if (batch.length < most && bytes < MAX_BYTES && start < items.length) continue
    yield { items: batch, copies }
    batch = []
    copies = new Map()
    bytes = 0
  }
}
