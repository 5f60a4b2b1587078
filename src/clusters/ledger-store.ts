import { setImmediate } from 'node:timers/promises'
import { hasCode, TallymanError } from '#catalogue/error.ts'
import { LedgerNames } from '#clusters/ledger-names.ts'
import { PART_BUDGET_BYTES, packPart } from '#clusters/ledger-part.ts'
import { LedgerParts, type LedgerPartsOptions } from '#clusters/ledger-parts.ts'
import { ClusterMemory } from '#inventory/cluster-memory.ts'
import {
  type HeadCluster,
  type LedgerHead,
  readHead,
  readShard,
  type ShardPlace,
  writeHead,
  writeShard,
} from '#inventory/ledger/document.ts'
import type { LedgerEntry } from '#inventory/ledger/ledger.ts'
import type { LedgerOrigin } from '#inventory/ledger/origin.ts'
import { changedShards, MAX_SHARDS, shardOf } from '#inventory/ledger/shards.ts'
import type { Log } from '#kube/log.ts'

export interface LedgerStoreOptions extends LedgerPartsOptions {
  readonly log: Log
}

export interface LoadedLedger {
  readonly memories: readonly ClusterMemory[]
  /** false: something that was written is missing or can't be read, so nothing is covered any longer (S02). */
  readonly complete: boolean
  /** undefined: there is none, or its head cannot be read. */
  readonly origin: LedgerOrigin | undefined
}

/** More entries are not put into a shard, nor sorted into shards, in one turn of the event loop: it takes some 5 ms. */
const MAX_ENTRIES = 4_000

/** The ledger in ConfigMaps: a head that lists the clusters, and for each cluster its entries in shards of bounded size. */
export class LedgerStore {
  readonly #log: Log
  readonly #parts: LedgerParts
  readonly #names: LedgerNames
  /** In how many shards the entries of each cluster lie, by identity. */
  readonly #shards = new Map<string, number>()
  /** Identities of clusters of which a shard is damaged, or may be gone: all of theirs are written anew. */
  readonly #torn = new Set<string>()

  constructor({ log, ...options }: LedgerStoreOptions) {
    this.#log = log
    this.#parts = new LedgerParts(options)
    this.#names = new LedgerNames(options.inventory)
  }

  /** Requests that wrote, so far. */
  get writes(): number {
    return this.#parts.writes
  }

  /** Everything that is stored. @throws KUBE_*, CANCELLED: then nothing is known, which is not the same as nothing stored */
  async load(signal: AbortSignal): Promise<LoadedLedger> {
    this.#shards.clear()
    this.#torn.clear()
    const lost: TallymanError[] = []
    const memories: ClusterMemory[] = []
    const { origin, clusters } = await this.#head(signal, lost)
    for (const { record, shards } of clusters) {
      const lostBefore = lost.length
      const entries: LedgerEntry[] = []
      for (const shard of range(shards)) {
        const place = { identity: record.identity, shard, of: shards }
        entries.push(...(await this.#entries(place, signal, lost)))
      }
      memories.push(new ClusterMemory(record, entries))
      this.#shards.set(record.identity, shards)
      if (lost.length > lostBefore) this.#torn.add(record.identity)
    }
    for (const { code, message } of lost) this.#log.error({ code, reason: message }, 'ledger is damaged')
    return { memories, complete: lost.length === 0, origin }
  }

  /**
   * Writes what changed: shards first, the head last, so that a head never names a shard that is not there.
   * @param changed the images of each memory whose entries changed, by identity
   * @param origin which ledger it is
   * @throws KUBE_CONFLICT when somebody else wrote: load again; LEADERSHIP_LOST; KUBE_*, CANCELLED
   */
  async save(
    memories: readonly ClusterMemory[],
    changed: ReadonlyMap<string, ReadonlySet<string>>,
    origin: LedgerOrigin,
    signal: AbortSignal,
  ): Promise<void> {
    // When its shards are whole again, nothing but the head tells that something was lost (S02).
    if (this.#torn.size > 0) await this.#putHead(this.#headsAsStored(memories), origin, signal)
    const before = this.#parts.recreated
    await this.#write(memories, changed, origin, signal)
    if (this.#parts.recreated === before) return
    // Somebody deleted a part. Others may be gone as well, which shows only when they are written.
    for (const { identity } of memories) this.#torn.add(identity)
    await this.#write(memories, new Map(), origin, signal)
  }

  async #write(
    memories: readonly ClusterMemory[],
    changed: ReadonlyMap<string, ReadonlySet<string>>,
    origin: LedgerOrigin,
    signal: AbortSignal,
  ): Promise<void> {
    const heads: HeadCluster[] = []
    const obsolete: string[] = []
    for (const memory of memories) {
      const { identity } = memory
      const before = this.#shards.get(identity)
      const of = await this.#saveEntries(memory, before, changed.get(identity) ?? new Set(), signal)
      heads.push({ record: memory.record, shards: of })
      if (before !== undefined && before !== of) obsolete.push(...this.#shardNames(identity, before))
    }
    await this.#putHead(heads, origin, signal)
    const kept = new Set(memories.map(({ identity }) => identity))
    for (const [identity, shards] of this.#shards) {
      if (kept.has(identity)) continue
      obsolete.push(...this.#shardNames(identity, shards))
      this.#shards.delete(identity)
    }
    for (const { record, shards } of heads) this.#shards.set(record.identity, shards)
    for (const name of obsolete) await this.#parts.delete(name, signal)
  }

  #headsAsStored(memories: readonly ClusterMemory[]): HeadCluster[] {
    return memories.flatMap(({ identity, record }) => {
      const shards = this.#shards.get(identity)
      return shards === undefined ? [] : [{ record, shards }]
    })
  }

  async #putHead(clusters: readonly HeadCluster[], origin: LedgerOrigin, signal: AbortSignal): Promise<void> {
    await this.#parts.put(this.#names.head, await packPart(writeHead({ origin, clusters })), signal)
  }

  async #head(signal: AbortSignal, lost: TallymanError[]): Promise<LedgerHead> {
    const none: LedgerHead = { origin: undefined, clusters: [] }
    try {
      const text = await this.#parts.get(this.#names.head, signal)
      return text === undefined ? none : readHead(text)
    } catch (error) {
      if (!hasCode(error, 'LEDGER_UNREADABLE')) throw error
      lost.push(error)
      return none
    }
  }

  async #entries(place: ShardPlace, signal: AbortSignal, lost: TallymanError[]): Promise<LedgerEntry[]> {
    try {
      const name = this.#names.shard(place)
      const text = await this.#parts.get(name, signal)
      if (text !== undefined) return readShard(text, place)
      throw new TallymanError(
        'LEDGER_UNREADABLE',
        `ConfigMap ${name}, which the ledger's head names, is gone`,
      )
    } catch (error) {
      if (!hasCode(error, 'LEDGER_UNREADABLE')) throw error
      lost.push(error)
      return []
    }
  }

  /** @returns in how many shards the entries lie now */
  async #saveEntries(
    memory: ClusterMemory,
    before: number | undefined,
    images: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<number> {
    const { identity } = memory
    for (let of = shardsFor(memory.ledger.size, before ?? 1); ; of *= 2) {
      // Shards that this head does not name yet may be left over from a head that was lost, or was never written.
      const isAnew = of !== before || this.#torn.has(identity)
      const parts = await packShards(memory, of, isAnew ? new Set(range(of)) : changedShards(images, of))
      const fits = parts.every(({ packed }) => packed.length <= PART_BUDGET_BYTES)
      if (!fits && of < MAX_SHARDS) continue
      for (const { shard, packed } of parts) {
        const name = this.#names.shard({ identity, shard, of })
        if (isAnew) await this.#parts.overwrite(name, packed, this.#names.head, signal)
        else await this.#parts.put(name, packed, signal)
      }
      this.#torn.delete(identity)
      return of
    }
  }

  #shardNames(identity: string, of: number): string[] {
    return range(of).map((shard) => this.#names.shard({ identity, shard, of }))
  }
}

/** At least `least`, doubled until the entries of one are few enough. */
function shardsFor(entries: number, least: number): number {
  let of = least
  while (of < MAX_SHARDS && entries > of * MAX_ENTRIES) of *= 2
  return of
}

async function packShards(
  { identity, ledger }: ClusterMemory,
  of: number,
  wanted: ReadonlySet<number>,
): Promise<{ shard: number; packed: Buffer }[]> {
  if (wanted.size === 0) return []
  const entries = new Map<number, LedgerEntry[]>([...wanted].map((shard) => [shard, []]))
  let done = 0
  for (const entry of ledger.entries()) {
    entries.get(shardOf(entry.image, of))?.push(entry)
    done += 1
    // What changes meanwhile is written the next time.
    if (done % MAX_ENTRIES === 0) await setImmediate()
  }
  const parts: { shard: number; packed: Buffer }[] = []
  for (const [shard, own] of entries) {
    parts.push({ shard, packed: await packPart(writeShard({ identity, shard, of }, own)) })
  }
  return parts
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index)
}
