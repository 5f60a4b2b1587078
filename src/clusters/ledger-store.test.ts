import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { PART_BUDGET_BYTES, PART_KEY, packPart } from '#clusters/ledger-part.ts'
import { LedgerStore } from '#clusters/ledger-store.ts'
import { ClusterMemory } from '#inventory/cluster-memory.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import type { KubeObject } from '#kube/objects.ts'
import { CONFIG_MAPS } from '#kube/resource.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { OPERATOR_NAMESPACE } from '#test/harness/cluster/operator-identity.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { systemClock } from '#time/clock.ts'

interface StoredPart extends KubeObject {
  readonly binaryData: Readonly<Record<string, string>>
}

const HOUR = 3_600_000
const NOW = { wall: 500_000 * HOUR, monotonic: 0 }
const ORIGIN = { id: 'which-ledger', since: NOW.wall }
const BEGUN_ANEW = { id: 'another-ledger', since: NOW.wall }
const NOTHING: ReadonlyMap<string, ReadonlySet<string>> = new Map()
const signal = new AbortController().signal

let cluster: TestCluster
let admin: KubeClient
let operator: ClusterConnection
let connections: ClusterConnection[] = []
let inventory: string
let count = 0
let isLeader = true
/** So many writes are made, and no more. */
let leadsFor = Number.POSITIVE_INFINITY

beforeAll(async () => {
  cluster = await borrowCluster()
  operator = await connect({ kubeconfig: await cluster.operatorKubeconfig(), clock: systemClock })
  const connection = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  admin = new KubeClient(connection)
  connections = [operator, connection]
})

beforeEach(() => {
  inventory = `apps/inventory-${++count}`
  isLeader = true
})

afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()))
  await cluster?.stop()
})

/** As another process would have it. */
function newStore(): LedgerStore {
  const fence = {
    requestTimeoutMs: 5_000,
    assertLeader: () => {
      leadsFor -= 1
      if (!isLeader || leadsFor < 0) throw new TallymanError('LEADERSHIP_LOST', 'another process leads')
    },
  }
  const client = new KubeClient(operator)
  return new LedgerStore({ client, fence, namespace: OPERATOR_NAMESPACE, inventory, log: silentLog })
}

function sight(image: string, digests: readonly string[] = []) {
  return { image, digests, configs: [], users: ['apps/Deployment/web'] }
}

function memoryOf(identity: string, images: readonly string[]): ClusterMemory {
  const watched = { watchedMs: 40 * HOUR, coveredMs: 30 * HOUR, watchedUntil: NOW.wall }
  const baseline = { images: 7, watched: HOUR }
  const memory = new ClusterMemory({
    identity,
    name: `name-of-${identity}`,
    entries: ['here'],
    watched,
    baseline,
  })
  for (const image of images) memory.see(sight(image), NOW)
  return memory
}

const imagesOf = (memories: readonly ClusterMemory[]) =>
  memories.map(({ identity, ledger }) => [identity, [...ledger.entries()].map(({ image }) => image).sort()])

async function save(store: LedgerStore, memories: readonly ClusterMemory[]): Promise<number> {
  const before = store.writes
  await store.save(
    memories,
    new Map(memories.map((memory) => [memory.identity, memory.takeUnsaved()])),
    ORIGIN,
    signal,
  )
  return store.writes - before
}

/** The ConfigMaps of this inventory, the head first, then shards by name. */
async function storedParts(): Promise<StoredPart[]> {
  const parts: StoredPart[] = []
  for await (const part of admin.list<StoredPart>(CONFIG_MAPS, { namespace: OPERATOR_NAMESPACE })) {
    if (part.metadata.annotations?.['tallyman.dev/inventory'] === inventory) parts.push(part)
  }
  return parts.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}

const bytesOf = ({ binaryData }: StoredPart) => Buffer.from(binaryData[PART_KEY] ?? '', 'base64').length
const removePart = ({ metadata: { name } }: StoredPart) =>
  admin.delete(CONFIG_MAPS, { namespace: OPERATOR_NAMESPACE, name })

describe('what is saved', () => {
  it('is loaded by another process as it was', async () => {
    const store = newStore()
    expect(await store.load(signal)).toEqual({ memories: [], complete: true })
    const one = memoryOf('one', ['registry.local/a:1', 'registry.local/b:1'])
    one.see(sight('registry.local/a:1', [`sha256:${'1'.repeat(64)}`]), NOW)
    await save(store, [one, memoryOf('two', [])])
    const { memories, complete } = await newStore().load(signal)
    expect(complete).toBe(true)
    expect(memories.map(({ record }) => record)).toEqual([one.record, memoryOf('two', []).record])
    const [loaded] = memories
    expect([...(loaded?.ledger.entries() ?? [])]).toEqual([...one.ledger.entries()])
  })

  it('lies in ConfigMaps that say whose they are and that go with no owner', async () => {
    await save(newStore(), [memoryOf('one', ['registry.local/a:1'])])
    const parts = await storedParts()
    expect(parts).toHaveLength(2)
    for (const { metadata } of parts) {
      expect(metadata).not.toHaveProperty('ownerReferences')
      expect(metadata.labels).toMatchObject({ 'app.kubernetes.io/component': 'ledger' })
    }
  })

  it('is written only where it changed', async () => {
    const store = newStore()
    const memories = [memoryOf('one', ['registry.local/a:1']), memoryOf('two', ['registry.local/a:1'])]
    expect(await save(store, memories)).toBe(3)
    expect(await save(store, memories)).toBe(0)
    memories[1]?.see(sight('registry.local/b:1'), NOW)
    expect(await save(store, memories)).toBe(1)
    memories[1]?.watched.tick(true, NOW)
    memories[1]?.watched.tick(true, { wall: NOW.wall + 1_000, monotonic: 1_000 })
    expect(await save(store, memories)).toBe(1)
  })

  it('of a cluster that was let go goes', async () => {
    const store = newStore()
    const kept = memoryOf('kept', ['registry.local/a:1'])
    await save(store, [kept, memoryOf('released', ['registry.local/b:1'])])
    expect(await storedParts()).toHaveLength(3)
    await save(store, [kept])
    expect(await storedParts()).toHaveLength(2)
    expect(imagesOf((await newStore().load(signal)).memories)).toEqual([['kept', ['registry.local/a:1']]])
  })

  it('is written by nobody but the leader', async () => {
    const store = newStore()
    isLeader = false
    await expect(save(store, [memoryOf('one', [])])).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
    expect(await storedParts()).toEqual([])
  })
})

describe('a large ledger', () => {
  const many = Array.from({ length: 9_000 }, (_, number) => `registry.local/team/app-${number}:v1`)

  it('lies in more shards the more entries it has, and the old ones go', async () => {
    const store = newStore()
    const memory = memoryOf('one', many.slice(0, 100))
    await save(store, [memory])
    expect(await storedParts()).toHaveLength(2)
    for (const image of many) memory.see(sight(image), NOW)
    await save(store, [memory])
    expect(await storedParts()).toHaveLength(5)
    const { memories, complete } = await newStore().load(signal)
    expect(complete).toBe(true)
    expect(imagesOf(memories)).toEqual([['one', [...many].sort()]])
    memory.see(sight('registry.local/one-more:1'), NOW)
    expect(await save(store, [memory])).toBe(1)
  })

  it('has no ConfigMap above its budget, whatever its entries hold', async () => {
    const memory = memoryOf('one', [])
    for (const image of many.slice(0, 1_500)) {
      const digests = Array.from({ length: 10 }, () => `sha256:${randomBytes(32).toString('hex')}`)
      memory.see(sight(image, digests), NOW)
    }
    await save(newStore(), [memory])
    const parts = await storedParts()
    expect(parts.length).toBeGreaterThan(2)
    for (const part of parts) expect(bytesOf(part)).toBeLessThanOrEqual(PART_BUDGET_BYTES)
    const { memories } = await newStore().load(signal)
    expect([...(memories[0]?.ledger.entries() ?? [])].sort(byImage)).toEqual(
      [...memory.ledger.entries()].sort(byImage),
    )
  })
})

function byImage(a: { image: string }, b: { image: string }): number {
  return a.image < b.image ? -1 : 1
}

describe('S02: what is lost is noticed, and whole again after the next save', () => {
  const two = () => [memoryOf('one', ['registry.local/a:1']), memoryOf('two', ['registry.local/b:1'])]

  it.each<[string, (part: StoredPart) => Promise<unknown>]>([
    ['is gone', removePart],
    ['is empty', (part) => admin.replace(CONFIG_MAPS, withData(part, {}))],
    ['is no gzip', (part) => admin.replace(CONFIG_MAPS, holding(part, Buffer.from('no gzip')))],
    [
      'is no JSON',
      async (part) => await admin.replace(CONFIG_MAPS, holding(part, await packPart('{"version":'))),
    ],
    [
      'is of another version',
      async (part) => await admin.replace(CONFIG_MAPS, holding(part, await packPart('{"version":2}'))),
    ],
    [
      'lies in the place of another',
      async (part) => {
        const other = (await storedParts()).find(
          ({ metadata: { name } }) => name !== part.metadata.name && name.endsWith('-1-0'),
        )
        return await admin.replace(CONFIG_MAPS, withData(part, other?.binaryData ?? {}))
      },
    ],
  ])('a shard that %s', async (_how, damage) => {
    await save(newStore(), two())
    const damaged = (await storedParts())[1]
    if (damaged === undefined) throw new Error('there is no shard')
    await damage(damaged)
    const store = newStore()
    const { memories, complete } = await store.load(signal)
    expect(complete).toBe(false)
    // What the other shard holds is there, and so is everything that the head says.
    expect(memories.map(({ record }) => record)).toEqual(two().map(({ record }) => record))
    expect(imagesOf(memories).flatMap(([, images]) => images)).toHaveLength(1)
    await store.save(memories, NOTHING, ORIGIN, signal)
    expect((await newStore().load(signal)).complete).toBe(true)
  })

  it('a shard that was deleted, also by who comes after a process that died with any write of mending it', async () => {
    let writes = 1
    for (let made = 0; made < writes; made += 1) {
      inventory = `apps/inventory-${++count}`
      await save(newStore(), two())
      const [, shard] = await storedParts()
      if (shard === undefined) throw new Error('there is no shard')
      await removePart(shard)
      const dying = newStore()
      const { memories } = await dying.load(signal)
      leadsFor = made
      const saving = dying.save(memories, NOTHING, BEGUN_ANEW, signal)
      await expect(saving).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
      leadsFor = Number.POSITIVE_INFINITY
      const { complete, origin } = await newStore().load(signal)
      expect([made, complete, origin?.id]).not.toEqual([made, true, ORIGIN.id])
      const mending = newStore()
      const loaded = await mending.load(signal)
      await mending.save(loaded.memories, NOTHING, BEGUN_ANEW, signal)
      writes = Math.max(writes, mending.writes)
      expect(await newStore().load(signal)).toMatchObject({ complete: true, origin: BEGUN_ANEW })
    }
    expect(writes).toBeGreaterThan(1)
  })

  it('a head that is damaged', async () => {
    await save(newStore(), two())
    const [head] = await storedParts()
    if (head === undefined) throw new Error('there is no head')
    await admin.replace(CONFIG_MAPS, holding(head, Buffer.from('no gzip')))
    const store = newStore()
    expect(await store.load(signal)).toEqual({ memories: [], complete: false, origin: undefined })
    // Its shards are still there, and are written over.
    await save(store, [memoryOf('one', ['registry.local/c:1'])])
    const { memories, complete } = await newStore().load(signal)
    expect(complete).toBe(true)
    expect(imagesOf(memories)).toEqual([['one', ['registry.local/c:1']]])
  })

  it.each([
    ['everything is', () => true],
    ['the head is', ({ metadata: { name } }: StoredPart) => /^tallyman-ledger-[0-9a-f]+$/.test(name)],
  ])('%s deleted while it is kept', async (_what, isDeleted) => {
    const store = newStore()
    const memories = two()
    await save(store, memories)
    for (const part of (await storedParts()).filter(isDeleted)) await removePart(part)
    memories[0]?.watched.tick(true, NOW)
    memories[0]?.watched.tick(true, { wall: NOW.wall + 1_000, monotonic: 1_000 })
    await store.save(memories, NOTHING, ORIGIN, signal)
    const loaded = await newStore().load(signal)
    expect(loaded.complete).toBe(true)
    expect(imagesOf(loaded.memories)).toEqual(imagesOf(memories))
  })
})

function withData(part: StoredPart, binaryData: StoredPart['binaryData']): StoredPart {
  return { ...part, binaryData }
}

function holding(part: StoredPart, bytes: Buffer): StoredPart {
  return withData(part, { [PART_KEY]: bytes.toString('base64') })
}

describe('two writers', () => {
  it('never write over each other: who comes second has to load first', async () => {
    const first = newStore()
    const second = newStore()
    await first.load(signal)
    await second.load(signal)
    await save(first, [memoryOf('one', ['registry.local/a:1'])])
    const late = memoryOf('two', ['registry.local/b:1'])
    await expect(save(second, [late])).rejects.toMatchObject({ code: 'KUBE_CONFLICT' })
    const { memories } = await second.load(signal)
    await second.save([...memories, late], NOTHING, ORIGIN, signal)
    await expect(save(first, [])).rejects.toMatchObject({ code: 'KUBE_CONFLICT' })
    expect(imagesOf((await newStore().load(signal)).memories)).toEqual([
      ['one', ['registry.local/a:1']],
      ['two', ['registry.local/b:1']],
    ])
  })

  it('of a cluster that both see for the first time as well', async () => {
    const first = newStore()
    const second = newStore()
    await save(first, [memoryOf('one', ['registry.local/a:1'])])
    const late = memoryOf('one', ['registry.local/b:1'])
    await expect(save(second, [late])).rejects.toMatchObject({ code: 'KUBE_CONFLICT' })
    expect(imagesOf((await newStore().load(signal)).memories)).toEqual([['one', ['registry.local/a:1']]])
  })

  it('of one shard as well', async () => {
    const memory = memoryOf('one', ['registry.local/a:1'])
    const first = newStore()
    await save(first, [memory])
    const second = newStore()
    const { memories } = await second.load(signal)
    memories[0]?.see(sight('registry.local/b:1'), NOW)
    await save(second, memories)
    memory.see(sight('registry.local/c:1'), NOW)
    await expect(save(first, [memory])).rejects.toMatchObject({ code: 'KUBE_CONFLICT' })
    expect(imagesOf((await newStore().load(signal)).memories)).toEqual([
      ['one', ['registry.local/a:1', 'registry.local/b:1']],
    ])
  })
})
