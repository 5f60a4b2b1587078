import { pino } from 'pino'
import { TallymanError } from '#catalogue/error.ts'
import { Inventories } from '#clusters/inventories.ts'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import { resolveClusters } from '#controllers/inventory-clusters.ts'
import { resolvePins } from '#controllers/inventory-pins.ts'
import { sourcesConfig } from '#controllers/inventory-setup.ts'
import { SecretCache } from '#controllers/secret-cache.ts'
import { ImageInventorySpec } from '#crds/image-inventory.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { OPERATOR_NAMESPACE } from '#test/harness/cluster/operator-identity.ts'
import { type Clock, systemClock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'
import { machineTime } from './machine-time.ts'
import type { Beginning, Message, Order } from './messages.ts'

/** How often Secrets are read again; the operator does it once a minute. */
const REFRESH_MS = 1_500
const LOOK_EVERY_MS = 250
/** After a change it is looked at once, and not more often than this. */
const LEAST_BETWEEN_LOOKS_MS = 100
/** No consumer may act upon an older one than 5 s (S03). */
const BARRIER_EVERY_MS = 1_500
const BARRIER_TIMEOUT_MS = 5_000

/** The machine's, on which pauses may be shorter, and which may be set. */
class WatcherClock implements Clock {
  aheadMs = 0
  readonly #hurry: number

  constructor(hurry: number) {
    this.#hurry = hurry
  }

  now(): number {
    return systemClock.now() + this.aheadMs
  }

  monotonic(): number {
    return machineTime()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms / this.#hurry, signal)
  }

  schedule(ms: number, callback: () => void): () => void {
    return systemClock.schedule(ms, callback)
  }
}

/**
 * What of the operator watches and remembers, as a process of its own that can be killed: told by its parent what the operator would learn
 * of its lease and its ImageInventory, it shows each snapshot that it makes.
 */
class Watcher {
  readonly #key: string
  readonly #namespace: string
  readonly #clock: WatcherClock
  readonly #inventories: Inventories
  readonly #secrets: SecretCache
  readonly #local: ClusterConnection
  readonly #stopping = new AbortController()
  #spec: ImageInventorySpec | undefined
  #sources: InventoryConfig['sources'] | undefined
  #setting: Promise<void> = Promise.resolve()
  #term: AbortController | undefined
  #leading: Promise<void> = Promise.resolve()
  #last: InventorySnapshot | undefined
  #lookedAt = Number.NEGATIVE_INFINITY

  static async begin(order: Beginning): Promise<Watcher> {
    const clock = new WatcherClock(order.hurry)
    return new Watcher(order, clock, await connect({ kubeconfig: order.kubeconfig, clock }))
  }

  private constructor({ namespace, name }: Beginning, clock: WatcherClock, local: ClusterConnection) {
    this.#namespace = namespace
    this.#key = `${namespace}/${name}`
    this.#local = local
    this.#clock = clock
    const client = new KubeClient(local)
    this.#secrets = new SecretCache(client, this.#clock)
    const assertLeader = () => {
      if (this.#term === undefined) throw new TallymanError('LEADERSHIP_LOST', 'another process leads')
    }
    this.#inventories = new Inventories({
      ledger: {
        client,
        namespace: OPERATOR_NAMESPACE,
        fence: { requestTimeoutMs: 5_000, assertLeader },
      },
      clock: this.#clock,
      log: pino({ level: 'info' }, pino.destination({ dest: 2, sync: true })),
    })
    this.#inventories.onChange(() => {
      if (machineTime() - this.#lookedAt >= LEAST_BETWEEN_LOOKS_MS) this.#look()
    })
    void this.#keepApplying()
    void this.#keepLooking()
    void this.#keepProving()
  }

  async obey(order: Order): Promise<void> {
    switch (order.kind) {
      case 'begin':
        return await this.#apply(order.spec)
      case 'apply':
        return await this.#apply(order.spec)
      case 'remove':
        this.#spec = undefined
        await this.#setUp()
        return
      case 'lead':
        this.#term = new AbortController()
        this.#leading = this.#inventories.lead(this.#term.signal)
        return
      case 'stand by':
        return await this.#standBy()
      case 'set clock':
        this.#clock.aheadMs = order.aheadMs
        return
      case 'stop':
        this.#stopping.abort()
        await this.#setting
        await this.#inventories.stop()
        await this.#standBy()
        await this.#local.close()
    }
  }

  async #standBy(): Promise<void> {
    const term = this.#term
    this.#term = undefined
    term?.abort(new TallymanError('LEADERSHIP_LOST', 'another process leads'))
    await this.#leading
  }

  async #apply(spec: object): Promise<void> {
    this.#spec = ImageInventorySpec.parse(spec)
    this.#sources ??= sourcesConfig(this.#spec)
    await this.#setUp()
  }

  /** One after the other, as InventorySetup does it. */
  #setUp(): Promise<void> {
    this.#setting = this.#setting.then(() => this.#setUpNow())
    return this.#setting
  }

  async #setUpNow(): Promise<void> {
    const { signal } = this.#stopping
    if (signal.aborted) return
    if (this.#spec === undefined || this.#sources === undefined)
      return await this.#inventories.remove(this.#key)
    const spec = this.#spec
    const resolution = { secrets: this.#secrets, local: this.#local }
    const [clusters, pins] = await Promise.all([
      resolveClusters(spec, this.#namespace, resolution, signal),
      resolvePins(spec.pins, this.#namespace, this.#secrets, signal),
    ])
    if (signal.aborted) return
    this.#inventories.configure(this.#key, {
      clusters,
      ...pins,
      retainMs: parseDuration(spec.retain) ?? Number.POSITIVE_INFINITY,
      release: spec.releaseClusters ?? [],
      sources: this.#sources,
    })
  }

  async #keepApplying(): Promise<void> {
    await this.#every(REFRESH_MS, async () => {
      this.#secrets.refresh(this.#namespace)
      if (this.#spec !== undefined) await this.#setUp()
    })
  }

  async #keepLooking(): Promise<void> {
    await this.#every(LOOK_EVERY_MS, async () => this.#look())
  }

  #look(): void {
    this.#lookedAt = machineTime()
    const live = this.#inventories.get(this.#key)
    if (live !== undefined) this.#show(live.snapshot())
  }

  async #keepProving(): Promise<void> {
    await this.#every(BARRIER_EVERY_MS, async () => {
      const live = this.#inventories.get(this.#key)
      if (live === undefined) return
      try {
        this.#show(await live.barrier(this.#stopping.signal, BARRIER_TIMEOUT_MS))
      } catch (error) {
        // What can't be proven is not shown as if it were.
        if (!(error instanceof TallymanError)) throw error
      }
    })
  }

  #show(snapshot: InventorySnapshot): void {
    if (snapshot === this.#last) return
    this.#last = snapshot
    const { synced, trusted, barrier, coveredMs, distrusts, notSynced, images, remembered, clusters } =
      snapshot
    const loaded = !distrusts.some(({ reason }) => reason === 'LedgerNotLoaded')
    const digests = new Set([
      ...images.flatMap((use) => use.runningDigests),
      ...remembered.flatMap((entry) => entry.digests),
    ])
    tell({
      kind: 'sight',
      ...{ madeAt: machineTime(), synced, trusted, barrier: barrier?.monotonic, loaded, coveredMs },
      why: [...notSynced, ...distrusts.map(({ reason, cluster }) => `${cluster ?? ''}: ${reason}`)],
      tokens: Object.fromEntries(
        clusters.flatMap(({ name, shrinkToken }) => (shrinkToken === undefined ? [] : [[name, shrinkToken]])),
      ),
      live: images.map(({ image }) => image),
      remembered: [...new Set(remembered.map(({ image }) => image)), ...digests],
    })
  }

  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await work()
      await systemClock.sleep(ms, signal).catch(() => undefined)
    }
  }
}

function tell(message: Message): void {
  if (process.connected) process.send?.(message)
}

let watcher: Watcher | undefined
let turn: Promise<void> = Promise.resolve()

async function obey(order: Order): Promise<void> {
  if (order.kind === 'begin') watcher = await Watcher.begin(order)
  await watcher?.obey(order)
  tell({ kind: 'done' })
  if (order.kind === 'stop') process.disconnect()
}

process.on('message', (order: Order) => {
  turn = turn.then(() => obey(order))
})
// Without its parent it is nobody's.
process.on('disconnect', () => process.exit())
