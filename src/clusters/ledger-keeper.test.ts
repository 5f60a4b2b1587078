import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LedgerKeeper } from '#clusters/ledger-keeper.ts'
import { LedgerNames } from '#clusters/ledger-names.ts'
import { LedgerStore } from '#clusters/ledger-store.ts'
import { Inventory, type InventoryPolicy } from '#inventory/inventory.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import type { KubeObject } from '#kube/objects.ts'
import { CONFIG_MAPS } from '#kube/resource.ts'
import { OPERATOR_NAMESPACE } from '#test/harness/cluster/operator-identity.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const POLICY: InventoryPolicy = {
  retainMs: 31 * 24 * HOUR,
  clusters: [{ name: 'here', required: true, duplicateAcknowledged: false, floor: 0, maxShrinkPercent: 50 }],
  release: [],
}

let cluster: TestCluster
let connection: ClusterConnection
let clock: FakeClock
let count = 0
const ending: (() => Promise<void>)[] = []

beforeAll(async () => {
  cluster = await startCluster({ controllers: false })
  connection = await connect({ kubeconfig: await cluster.operatorKubeconfig(), clock: systemClock })
})

beforeEach(() => {
  clock = new FakeClock()
  count += 1
})

afterEach(async () => {
  await Promise.all(ending.splice(0).map((end) => end()))
})

afterAll(async () => {
  await connection?.close()
  await cluster?.stop()
})

/** The inventory of one process, with one cluster that is synced, and its ledger. All processes of a test share it. */
class Process {
  readonly inventory = new Inventory(POLICY)
  readonly store = new LedgerStore({
    client: new KubeClient(connection),
    fence: { requestTimeoutMs: 5_000, assertLeader: () => undefined },
    namespace: OPERATOR_NAMESPACE,
    inventory: `apps/inventory-${count}`,
    log: silentLog,
  })
  readonly keeper = new LedgerKeeper({
    ...{ inventory: this.inventory, store: this.store, log: silentLog },
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      schedule: (ms, callback) => clock.schedule(ms, callback),
      sleep: (ms, signal) => {
        this.#pauses += 1
        return clock.sleep(ms, signal).finally(() => {
          this.#pauses -= 1
        })
      },
    },
    onLoaded: () => {
      this.loads += 1
    },
  })
  loads = 0
  #pauses = 0
  readonly #term = new AbortController()
  #running: Promise<void> | undefined

  constructor() {
    const here = this.inventory.cluster('here')
    here?.connected()
    here?.sourcesAre([{ name: 'pods', state: 'synced', blocks: true }])
    this.inventory.identified('here', 'identity', clock.monotonic(), this.#now())
    ending.push(() => this.end())
  }

  async lead(): Promise<void> {
    this.#running = this.keeper.run(this.#term.signal)
    await this.idle()
  }

  async end(): Promise<void> {
    this.#term.abort()
    await this.#running
  }

  /** The keeper waits for its next round. */
  async idle(): Promise<void> {
    await eventually(() => this.#pauses > 0, { intervalMs: 1 })
  }

  uses(image: string): void {
    this.inventory
      .cluster('here')
      ?.uses.table('pods')
      .upsert({
        ...{ uid: image, namespace: 'apps', name: image, kind: 'Pod', use: 'pod', hasPullSecrets: false },
        images: [{ image, running: undefined, neverPull: false, pullFailing: false }],
      })
  }

  /** Time passes as LiveInventory lets it pass. */
  async pass(ms: number, step = SECOND): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      this.inventory.tick(this.#now())
      await clock.advance(step)
      await this.idle()
    }
  }

  get images(): string[] {
    return this.inventory.memories.flatMap(({ ledger }) => [...ledger.entries()].map(({ image }) => image))
  }

  #now() {
    return { wall: clock.now(), monotonic: clock.monotonic() }
  }
}

/** What a process that starts now would remember. */
async function stored(): Promise<{ images: string[]; coveredMs: number; id: string | undefined }> {
  const { memories, origin } = await new Process().store.load(new AbortController().signal)
  return {
    images: memories.flatMap(({ ledger }) => [...ledger.entries()].map(({ image }) => image)),
    coveredMs: Math.max(0, ...memories.map(({ watched }) => watched.coveredMs)),
    id: origin?.id,
  }
}

/** Of two processes that take themselves for the leader, the one that has seen that the other one wrote. */
async function secondWriter(): Promise<Process> {
  const one = new Process()
  const two = new Process()
  await one.lead()
  await two.lead()
  one.uses('registry.local/one:1')
  await one.keeper.flush(new AbortController().signal)
  two.uses('registry.local/two:1')
  const conflict = two.keeper.flush(new AbortController().signal)
  await expect(conflict).rejects.toMatchObject({ code: 'KUBE_CONFLICT' })
  return two
}

/** By name, of the inventory of this test. */
async function deleteParts(isDeleted: (name: string) => boolean): Promise<void> {
  const client = new KubeClient(connection)
  const labelSelector = `tallyman.dev/ledger=${new LedgerNames(`apps/inventory-${count}`).head}`
  const call = { namespace: OPERATOR_NAMESPACE, signal: new AbortController().signal }
  const parts: string[] = []
  for await (const { metadata } of client.list<KubeObject>(CONFIG_MAPS, { ...call, labelSelector })) {
    parts.push(metadata.name)
  }
  for (const name of parts.filter(isDeleted)) {
    await client.delete(CONFIG_MAPS, { namespace: OPERATOR_NAMESPACE, name }, call)
  }
}

describe('S02: the ledger of an inventory', () => {
  it('has a first sight within 10 s, also of what is gone by then, together with others', async () => {
    const process = new Process()
    await process.lead()
    await process.pass(2 * MINUTE)
    const before = process.store.writes
    process.uses('registry.local/a:1')
    await process.pass(2 * SECOND)
    process.uses('registry.local/b:1')
    process.inventory
      .cluster('here')
      ?.uses.table('pods')
      .remove({ uid: 'registry.local/b:1', namespace: '', name: '' })
    await process.pass(8 * SECOND)
    expect((await stored()).images).toEqual(['registry.local/a:1', 'registry.local/b:1'])
    expect(process.store.writes - before).toBe(2)
  })

  it('is written every five minutes where nothing is new, so that a start after a kill leaves no gap', async () => {
    const process = new Process()
    process.uses('registry.local/a:1')
    await process.lead()
    await process.pass(3 * MINUTE)
    const before = process.store.writes
    await process.pass(HOUR, 10 * SECOND)
    // Once an hour what is used is noted anew, with the head.
    expect(process.store.writes - before).toBeLessThanOrEqual(14)
    const { coveredMs } = await stored()
    expect(coveredMs).toBeGreaterThan(HOUR + 3 * MINUTE - 6 * MINUTE)
    // Nothing is written at this end, as if it were killed.
    await process.end()
    const next = new Process()
    await clock.advance(MINUTE)
    await next.lead()
    next.inventory.tick({ wall: clock.now(), monotonic: clock.monotonic() })
    expect(next.inventory.cluster('here')?.memory?.watched.coveredMs).toBe(coveredMs)
  })

  it('is written at the end with what was seen last', async () => {
    const process = new Process()
    await process.lead()
    process.uses('registry.local/last:1')
    await process.keeper.flush(new AbortController().signal)
    expect((await stored()).images).toEqual(['registry.local/last:1'])
  })

  it('is not kept by who does not lead, and has to be loaded by who leads again', async () => {
    const process = new Process()
    await process.lead()
    process.uses('registry.local/a:1')
    await process.pass(10 * SECOND)
    expect(process.images).toEqual(['registry.local/a:1'])
    await process.end()
    expect(process.inventory.memoryState).toBe('unloaded')
    const { writes } = process.store
    process.uses('registry.local/b:1')
    await process.keeper.flush(new AbortController().signal)
    expect(process.store.writes).toBe(writes)
    expect((await stored()).images).toEqual(['registry.local/a:1'])
  })

  it('is whole after two processes took themselves for the leader', async () => {
    const two = await secondWriter()
    const { loads } = two
    await two.pass(10 * SECOND)
    expect(two.loads).toBe(loads + 1)
    expect(two.images.sort()).toEqual(['registry.local/one:1', 'registry.local/two:1'])
    expect((await stored()).images.sort()).toEqual(['registry.local/one:1', 'registry.local/two:1'])
  })

  it('is the same one for every process that leads, from its first writing on', async () => {
    const first = new Process()
    expect(first.keeper.origin).toBeUndefined()
    await first.lead()
    expect(first.keeper.origin).toMatchObject({ since: clock.now(), isKept: false })
    const begun = first.keeper.origin?.id
    first.uses('registry.local/a:1')
    await first.pass(10 * SECOND)
    expect(first.keeper.origin).toMatchObject({ id: begun, isKept: true })
    await first.end()
    expect(first.keeper.origin).toBeUndefined()
    await clock.advance(MINUTE)
    const next = new Process()
    await next.lead()
    expect(next.keeper.origin).toMatchObject({ id: begun, isKept: true })
    expect((await stored()).id).toBe(begun)
  })

  it('is another one where what lay there was deleted, or a part of it, while nobody held it', async () => {
    const seen = new Set<string | undefined>()
    for (const isDeleted of [() => false, () => true, (name: string) => /-0$/.test(name)]) {
      const process = new Process()
      process.uses('registry.local/a:1')
      await process.lead()
      await process.pass(10 * SECOND)
      await process.end()
      seen.add((await stored()).id)
      await deleteParts(isDeleted)
    }
    const last = new Process()
    await last.lead()
    seen.add(last.keeper.origin?.id)
    expect([...seen].map((id) => typeof id)).toEqual(['string', 'string', 'string'])
  })

  it('stays the same one where what lies there is deleted while somebody holds it', async () => {
    const process = new Process()
    process.uses('registry.local/a:1')
    await process.lead()
    await process.pass(10 * SECOND)
    const { id } = await stored()
    await deleteParts(() => true)
    await process.pass(HOUR + MINUTE, 10 * SECOND)
    expect(await stored()).toMatchObject({ id, images: ['registry.local/a:1'] })
  })

  it('is the one of who wrote first after two processes have begun one', async () => {
    const one = new Process()
    const two = new Process()
    await one.lead()
    await two.lead()
    await one.keeper.flush(new AbortController().signal)
    two.uses('registry.local/two:1')
    await two.pass(20 * SECOND)
    expect(two.keeper.origin).toEqual(one.keeper.origin)
    expect((await stored()).id).toBe(one.keeper.origin?.id)
  })

  it('is not written over where what somebody else wrote could not be read', async () => {
    const two = await secondWriter()
    const ended = AbortSignal.abort(new Error('no answer'))
    await expect(two.keeper.flush(ended)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect((await stored()).images).toEqual(['registry.local/one:1'])
    await two.keeper.flush(new AbortController().signal)
    expect((await stored()).images.sort()).toEqual(['registry.local/one:1', 'registry.local/two:1'])
  })

  it('is tried again until the API server answers', async () => {
    const process = new Process()
    await cluster.stopApiServer()
    const leading = process.lead()
    try {
      await leading
      expect(process.inventory.memoryState).toBe('unloaded')
    } finally {
      await cluster.startApiServer()
    }
    await eventually(async () => {
      await clock.advance(30 * SECOND)
      return process.inventory.memoryState === 'loaded'
    })
  })
})
