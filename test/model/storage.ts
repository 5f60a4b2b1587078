import { ClusterMemory } from '#inventory/cluster-memory.ts'
import { readHead, readShard, writeHead, writeShard } from '#inventory/ledger/document.ts'
import { changedShards, shardOf } from '#inventory/ledger/shards.ts'

const SHARDS = 2

/** What outlives a process: the documents of the ledger, as the store of src/clusters writes them into ConfigMaps. */
export class Storage {
  head: string | undefined
  readonly shards = new Map<string, string>()

  /**
   * Shards first, the head last.
   * @param writes how many writes are made before the process is killed
   * @returns false: it was killed before the end
   */
  save(
    memories: readonly ClusterMemory[],
    changed: ReadonlyMap<string, ReadonlySet<string>>,
    writes = Number.POSITIVE_INFINITY,
  ): boolean {
    const known = new Set(
      this.head === undefined ? [] : readHead(this.head).clusters.map(({ record }) => record.identity),
    )
    let left = writes
    for (const memory of memories) {
      const { identity, ledger } = memory
      const images = changed.get(identity) ?? new Set()
      const dirty = known.has(identity) ? changedShards(images, SHARDS) : [0, 1]
      for (const shard of dirty) {
        if (left === 0) return false
        left -= 1
        const own = [...ledger.entries()].filter(({ image }) => shardOf(image, SHARDS) === shard)
        this.shards.set(`${identity}/${shard}`, writeShard({ identity, shard, of: SHARDS }, own))
      }
    }
    if (left === 0) return false
    this.head = writeHead({
      origin: undefined,
      clusters: memories.map(({ record }) => ({ record, shards: SHARDS })),
    })
    const kept = new Set(memories.map(({ identity }) => identity))
    for (const key of this.shards.keys()) if (!kept.has(key.split('/')[0] ?? '')) this.shards.delete(key)
    return true
  }

  load(): { readonly memories: ClusterMemory[]; readonly complete: boolean } {
    let complete = true
    const memories = (this.head === undefined ? [] : readHead(this.head).clusters).map(
      ({ record, shards }) => {
        const entries = Array.from({ length: shards }, (_, shard) => {
          const text = this.shards.get(`${record.identity}/${shard}`)
          if (text === undefined) complete = false
          return text === undefined ? [] : readShard(text, { identity: record.identity, shard, of: shards })
        })
        return new ClusterMemory(record, entries.flat())
      },
    )
    return { memories, complete }
  }
}
