import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { Inventories } from '#clusters/inventories.ts'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import type { KubeObject } from '#kube/objects.ts'
import { CONFIG_MAPS, PODS } from '#kube/resource.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { kubeconfig } from '#test/harness/cluster/kubeconfig.ts'
import { OPERATOR_NAMESPACE } from '#test/harness/cluster/operator-identity.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { clusterBy, clusterOver, inventoryConfig } from '#test/harness/live-inventory.ts'
import { hurriedClock, silentLog } from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'

const IMAGE = 'registry.local/lives:1'

let cluster: TestCluster
let admin: ClusterConnection
let operator: ClusterConnection
let client: KubeClient
let key: string
let count = 0
let replicas: Replica[] = []

/** One process of the operator. */
class Replica {
  readonly heard: string[] = []
  readonly inventories = new Inventories({
    ledger: {
      client: new KubeClient(operator),
      namespace: OPERATOR_NAMESPACE,
      fence: {
        requestTimeoutMs: 5_000,
        assertLeader: () => {
          if (this.#term === undefined) throw new TallymanError('LEADERSHIP_LOST', 'another process leads')
        },
      },
    },
    clock: hurriedClock,
    log: silentLog,
  })
  #term: AbortController | undefined
  #leading: Promise<void> = Promise.resolve()

  constructor() {
    this.inventories.onChange((changed) => this.heard.push(changed))
    replicas.push(this)
  }

  lead(): void {
    this.#term = new AbortController()
    this.#leading = this.inventories.lead(this.#term.signal)
  }

  async loseLease(): Promise<void> {
    const term = this.#term
    this.#term = undefined
    term?.abort()
    await this.#leading
  }

  async shutDown(): Promise<void> {
    await this.inventories.stop()
    await this.loseLease()
  }

  snapshot(of = key): InventorySnapshot {
    const live = this.inventories.get(of)
    if (live === undefined) throw new Error(`${of} is not configured`)
    return live.snapshot()
  }
}

beforeAll(async () => {
  cluster = await borrowCluster()
  admin = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  operator = await connect({ kubeconfig: await cluster.operatorKubeconfig(), clock: systemClock })
  client = new KubeClient(admin)
  await createPod('lives', IMAGE)
})

beforeEach(() => {
  key = `apps/inventory-${++count}`
})

afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.shutDown()))
  replicas = []
})

afterAll(async () => {
  await Promise.all([admin?.close(), operator?.close()])
  await cluster?.stop()
})

async function createPod(name: string, image: string): Promise<void> {
  const spec = { containers: [{ name: 'main', image }] }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: cluster.namespace }, spec }
  await client.create(PODS, pod)
}

async function deletePod(name: string): Promise<void> {
  await cluster.kubectl(['delete', 'pod', name, '-n', cluster.namespace, '--grace-period=0', '--force'])
}

function configured(): InventoryConfig {
  return inventoryConfig([clusterOver('here', operator)])
}

const remembered = (replica: Replica) => replica.snapshot().remembered.map(({ image }) => image)
const uses = (replica: Replica, image: string) => replica.snapshot().images.some((use) => use.image === image)
const trusted = (replica: Replica) => eventually(() => replica.snapshot().trusted)

/** `name resourceVersion` of each ConfigMap of the inventory's ledger. */
async function ledger(): Promise<string[]> {
  const parts: string[] = []
  for await (const { metadata } of client.list<KubeObject>(CONFIG_MAPS, { namespace: OPERATOR_NAMESPACE })) {
    if (metadata.annotations?.['tallyman.dev/inventory'] !== key) continue
    parts.push(`${metadata.name} ${metadata.resourceVersion}`)
  }
  return parts
}

describe('a replica that stands by', () => {
  it('watches, and is not trusted before it leads and has read what was in use lately (S02)', async () => {
    const replica = new Replica()
    replica.inventories.configure(key, configured())
    await replica.inventories.get(key)?.whenSynced()
    expect(uses(replica, IMAGE)).toBe(true)
    expect(replica.snapshot().distrusts).toContainEqual(
      expect.objectContaining({ reason: 'LedgerNotLoaded' }),
    )
    expect(await ledger()).toEqual([])
    replica.lead()
    await trusted(replica)
    expect(replica.snapshot().coveredMs).toBeDefined()
    await replica.loseLease()
    expect(replica.snapshot()).toMatchObject({ synced: true, trusted: false })
  })
})

describe('what is remembered', () => {
  it('goes from one leader to the next, with images that nothing uses any more', async () => {
    const first = new Replica()
    first.inventories.configure(key, configured())
    first.lead()
    await trusted(first)
    await createPod('gone', 'registry.local/gone:1')
    await eventually(() => uses(first, 'registry.local/gone:1'))
    await first.shutDown()
    await deletePod('gone')
    const second = new Replica()
    second.inventories.configure(key, configured())
    second.lead()
    await trusted(second)
    expect(uses(second, 'registry.local/gone:1')).toBe(false)
    expect(remembered(second)).toContain('registry.local/gone:1')
  })

  it('S05: stays when the inventory is deleted, and is there when it is applied again', async () => {
    const replica = new Replica()
    replica.lead()
    replica.inventories.configure(key, configured())
    await trusted(replica)
    await createPod('before', 'registry.local/before:1')
    await eventually(() => uses(replica, 'registry.local/before:1'))
    await replica.inventories.remove(key)
    expect(replica.inventories.get(key)).toBeUndefined()
    expect(replica.inventories.all()).toEqual([])
    await deletePod('before')
    expect(await ledger()).toHaveLength(2)
    replica.inventories.configure(key, configured())
    await trusted(replica)
    expect(uses(replica, 'registry.local/before:1')).toBe(false)
    expect(remembered(replica)).toContain('registry.local/before:1')
  })

  it('is not written by who lost the lease, however it ends', async () => {
    const replica = new Replica()
    replica.inventories.configure(key, configured())
    replica.lead()
    await trusted(replica)
    await replica.loseLease()
    const before = await ledger()
    await replica.inventories.stop()
    expect(await ledger()).toEqual(before)
  })
})

describe('for probes, inventories', () => {
  it('are unseen until the cluster that we run in was looked at, whatever becomes of another one', async () => {
    const { inventories } = new Replica()
    const nowhere = kubeconfig({ server: 'https://127.0.0.1:1', user: 'nobody', token: 'none' })
    const gone = clusterBy('gone', { kind: 'kubeconfig', text: nowhere })
    inventories.configure(key, inventoryConfig([clusterOver('here', operator), gone]))
    expect(inventories.unseen()).toEqual([key])
    await eventually(() => inventories.unseen().length === 0)
    expect(inventories.get(key)?.snapshot().clusters).toMatchObject([
      { name: 'here', synced: true },
      { name: 'gone', synced: false },
    ])
  })

  it('name every watch that there is, while it is there', async () => {
    const { inventories } = new Replica()
    inventories.configure(key, configured())
    await inventories.get(key)?.whenSynced()
    const loops = inventories.loops()
    expect(loops.map(({ name }) => name)).toEqual(
      expect.arrayContaining([`${key} here/pods`, `${key} here/nodes`, `${key} here/cronjobs`]),
    )
    for (const { state } of loops)
      expect(state).toMatchObject({ phase: 'watching', lastByteAt: expect.any(Number) })
    await inventories.remove(key)
    expect(inventories.loops()).toEqual([])
  })
})

describe('several inventories', () => {
  it('are told apart, and each tells of its own changes', async () => {
    const replica = new Replica()
    const other = `${key}-other`
    replica.inventories.configure(key, configured())
    replica.inventories.configure(other, inventoryConfig([]))
    await eventually(() => replica.heard.includes(key))
    await replica.inventories.get(key)?.whenSynced()
    expect(replica.inventories.all().map((each) => each.key)).toEqual([key, other])
    expect(replica.snapshot(other)).toMatchObject({ synced: false, images: [] })
    replica.heard.length = 0
    replica.inventories.configure(other, configured())
    await replica.inventories.get(other)?.whenSynced()
    expect(replica.heard).toContain(other)
    expect(replica.snapshot(other)).toMatchObject({ synced: true })
    expect(uses(replica, IMAGE)).toBe(true)
  })
})
