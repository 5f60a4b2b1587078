import { hash } from 'node:crypto'

/** Above this many, an inventory would fill a namespace with ConfigMaps. */
export const MAX_SHARDS = 64

/** Which of `shards` parts of a ledger holds `image`: the same for ever. */
export function shardOf(image: string, shards: number): number {
  return Number.parseInt(hash('sha256', image, 'hex').slice(0, 8), 16) % shards
}

/**
 * The shards in which something changed.
 * @param images whose entries changed
 */
export function changedShards(images: Iterable<string>, shards: number): ReadonlySet<number> {
  const changed = new Set<number>()
  for (const image of images) {
    changed.add(shardOf(image, shards))
    if (changed.size === shards) break
  }
  return changed
}
