import { z } from 'zod'
import { TallymanError } from '#catalogue/error.ts'
import type { ClusterRecord } from '#inventory/cluster-memory.ts'
import type { LedgerEntry, SeenDigest } from '#inventory/ledger/ledger.ts'
import type { LedgerOrigin } from '#inventory/ledger/origin.ts'
import { MAX_SHARDS } from '#inventory/ledger/shards.ts'

/** How the ledger is written. A document of another version is not guessed at: it counts as lost. */
const VERSION = 1
const HOUR_MS = 3_600_000
const SECOND_MS = 1_000

const count = z.number().min(0)
const Cluster = z.object({
  identity: z.string().min(1).max(64),
  name: z.string().min(1).max(600),
  entries: z.array(z.string().max(600)).max(1024),
  watchedMs: count,
  coveredMs: count,
  watchedUntil: count,
  baseline: z.object({ images: count, watched: count }).optional(),
  shards: z.int().min(1).max(MAX_SHARDS),
})
const Head = z.object({
  version: z.literal(VERSION),
  origin: z.object({ id: z.string().min(1).max(64), since: count }).optional(),
  clusters: z.array(Cluster).max(1024),
})

/** Digest, whether it is a config's, seconds of watched time. */
const Digest = z.tuple([z.string().max(256), z.boolean(), z.number()])
/** Image, first and last hour since the epoch, seconds of watched time, users, digests. */
const Entry = z.tuple([z.string(), count, count, z.number(), z.array(z.string()), z.array(Digest)])
const Shard = z.object({
  version: z.literal(VERSION),
  identity: z.string(),
  shard: z.int().min(0),
  of: z.int().min(1).max(MAX_SHARDS),
  entries: z.array(Entry),
})

/** A cluster as the head of a ledger lists it. */
export interface HeadCluster {
  readonly record: ClusterRecord
  /** In how many shards its entries lie. */
  readonly shards: number
}

/** Which part of whose ledger a shard is. */
export interface ShardPlace {
  readonly identity: string
  readonly shard: number
  readonly of: number
}

/** All that a head says. */
export interface LedgerHead {
  /** undefined: it was written by a version that named none. */
  readonly origin: LedgerOrigin | undefined
  readonly clusters: readonly HeadCluster[]
}

export function writeHead({ origin, clusters }: LedgerHead): string {
  const written = clusters.map(({ record: { identity, name, entries, watched, baseline }, shards }) => ({
    identity,
    name,
    entries: [...entries],
    ...watched,
    ...(baseline === undefined ? {} : { baseline }),
    shards,
  }))
  return JSON.stringify({ version: VERSION, origin, clusters: written } satisfies z.input<typeof Head>)
}

/** @throws LEDGER_UNREADABLE */
export function readHead(text: string): LedgerHead {
  const { origin, clusters } = read(Head, text, 'head')
  const records = clusters.map(
    ({ identity, name, entries, watchedMs, coveredMs, watchedUntil, baseline, shards }) => ({
      record: { identity, name, entries, watched: { watchedMs, coveredMs, watchedUntil }, baseline },
      shards,
    }),
  )
  return { origin, clusters: records }
}

export function writeShard(place: ShardPlace, entries: Iterable<LedgerEntry>): string {
  const sorted = [...entries].sort((a, b) => (a.image < b.image ? -1 : 1))
  const written = sorted.map(
    ({ image, firstSeen, lastSeen, watched, users, digests }): z.input<typeof Entry> => [
      image,
      firstSeen / HOUR_MS,
      lastSeen / HOUR_MS,
      Math.floor(watched / SECOND_MS),
      [...users],
      digests.map((seen) => [seen.digest, seen.isConfig, Math.floor(seen.watched / SECOND_MS)]),
    ],
  )
  return JSON.stringify({ version: VERSION, ...place, entries: written } satisfies z.input<typeof Shard>)
}

/** @throws LEDGER_UNREADABLE also where the shard is not the one of `place` */
export function readShard(text: string, place: ShardPlace): LedgerEntry[] {
  const { identity, shard, of, entries } = read(Shard, text, 'shard')
  if (identity !== place.identity || shard !== place.shard || of !== place.of) {
    throw new TallymanError('LEDGER_UNREADABLE', 'A shard of the ledger lies in the place of another')
  }
  return entries.map(([image, firstSeen, lastSeen, watched, users, digests]) => ({
    image,
    firstSeen: firstSeen * HOUR_MS,
    lastSeen: lastSeen * HOUR_MS,
    watched: watched * SECOND_MS,
    users,
    digests: digests.map(
      ([digest, isConfig, at]): SeenDigest => ({ digest, isConfig, watched: at * SECOND_MS }),
    ),
  }))
}

function read<S extends z.ZodType>(schema: S, text: string, what: string): z.output<S> {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (error) {
    throw new TallymanError('LEDGER_UNREADABLE', `The ${what} of the ledger is not JSON`, { cause: error })
  }
  const parsed = schema.safeParse(raw)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue?.path.map(String).join('.') ?? ''
  throw new TallymanError('LEDGER_UNREADABLE', `The ${what} of the ledger: ${where}: ${issue?.message ?? ''}`)
}
