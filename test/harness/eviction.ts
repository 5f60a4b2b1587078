import type { Candidate, Ended, Eviction } from '#evict/eviction.ts'
import type { Hands } from '#evict/hands.ts'
import { type Journal, MemoryJournal } from '#evict/journal.ts'
import type { AuditLine, RegistryClient } from '#registry/client.ts'
import { RegistryPool } from '#registry/pool.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { type ForeignClient, foreignClient } from '#test/harness/foreign.ts'
import type { TestImage } from '#test/harness/images.ts'
import {
  type RegistryOptions,
  type RegistryVersion,
  startRegistry,
  type TestRegistry,
} from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

/** A real registry behind a fault proxy, and what it takes to delete from it. */
export interface EvictionSite {
  readonly registry: TestRegistry
  readonly proxy: FaultProxy
  /** Through the proxy, and past it. */
  readonly client: RegistryClient
  readonly direct: RegistryClient
  readonly storage: StorageWriter
  /** Hands for one repository that may delete everything, but for what `more` says otherwise. */
  hands(repository: string, more?: Partial<Hands>): TestHands
  /** What every tag names; undefined: it is listed and names nothing. */
  tags(repository: string): Promise<Readonly<Record<string, string | undefined>>>
  has(repository: string, digest: string): Promise<boolean>
  /**
   * Pulls `repository:tag` with a client that others wrote, with all platforms of an index.
   * @returns the digest of every file that arrived
   */
  pull(reference: string): Promise<ReadonlySet<string>>
  stop(): Promise<void>
}

export interface TestHands {
  readonly hands: Hands
  readonly lines: AuditLine[]
  readonly ended: Ended[]
}

export async function startEvictionSite(
  version: RegistryVersion,
  options: Omit<RegistryOptions, 'version'> = {},
): Promise<EvictionSite> {
  const registry = await startRegistry({ version, ...options })
  const proxy = await startFaultProxy({ upstream: registry.url })
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  const client = pool.client({ url: proxy.url, limits: { concurrency: 8 } })
  const direct = pool.client({ url: registry.url, limits: { concurrency: 8 } })
  let skopeo: Promise<ForeignClient> | undefined
  const digestOf = async (repository: string, reference: string) => {
    const { status, headers } = await registry.wire.send({
      method: 'HEAD',
      path: `/v2/${repository}/manifests/${reference}`,
      headers: { accept: ACCEPT },
    })
    return status === 200 ? headers['docker-content-digest'] : undefined
  }
  return {
    registry,
    proxy,
    client,
    direct,
    storage: new StorageWriter(registry.storageDir),
    hands: (repository, more) => handsFor(client, repository, more),
    tags: async (repository) => {
      const named: Record<string, string | undefined> = {}
      for await (const page of direct.tags(repository)) {
        for (const tag of [...page].sort()) named[tag] = await digestOf(repository, tag)
      }
      return named
    },
    has: async (repository, digest) => (await digestOf(repository, digest)) !== undefined,
    pull: async (reference) => {
      skopeo ??= foreignClient('skopeo', registry)
      return await (await skopeo).pull(`${registry.host}/${reference}`)
    },
    stop: async () => {
      // A DELETE that is still held back would be waited for.
      await proxy.stop()
      await pool.close()
      await registry.stop()
      await (await skopeo)?.close()
    },
  }
}

const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

function handsFor(client: RegistryClient, repository: string, more: Partial<Hands> = {}): TestHands {
  const lines: AuditLine[] = []
  const ended: Ended[] = []
  const journal: Journal = new MemoryJournal()
  const hands: Hands = {
    repository,
    pull: client,
    push: client,
    delete: client,
    journal,
    guard: async () => undefined,
    fence: () => undefined,
    stillDoomed: () => true,
    audit: (line) => lines.push(line),
    ended: (each) => ended.push(each),
    clock: systemClock,
    signal: new AbortController().signal,
    quietMs: 5,
    deleteLimitMs: 60_000,
    ...more,
  }
  return { hands, lines, ended }
}

/** Nothing of these is to go any more. */
export function sparing(...names: readonly string[]) {
  return ({ tag, digest }: Candidate) => !names.includes(tag ?? '') && !names.includes(digest)
}

/** What a plan would say that lets go of `doomed`, tag by tag, with all that is below it. */
export function evictionOf(
  repository: string,
  tags: Readonly<Record<string, TestImage>>,
  doomed: readonly string[],
  more: readonly TestImage[] = [],
): Eviction {
  const named = new Map(Object.entries(tags).map(([tag, image]) => [tag, image.manifest.digest]))
  const stays = new Set(
    Object.keys(tags).flatMap((tag) => (doomed.includes(tag) ? [] : manifestsOf(tags[tag]))),
  )
  const going = [...doomed.flatMap((tag) => manifestsOf(tags[tag])), ...more.flatMap(manifestsOf)]
  return {
    repository,
    tags: named,
    bindings: doomed.flatMap((tag) => {
      const digest = named.get(tag)
      return digest === undefined ? [] : [{ tag, digest }]
    }),
    digests: [...new Set(going)].filter((digest) => !stays.has(digest)),
  }
}

function manifestsOf(image: TestImage | undefined): string[] {
  return image === undefined ? [] : [image.manifest.digest, ...image.children.flatMap(manifestsOf)]
}
