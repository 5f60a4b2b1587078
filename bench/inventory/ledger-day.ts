// A simulated day of one inventory over two clusters whose images are all known: how often what is remembered is written. Inventory, keeper,
// store and API server are the real ones; time is a clock that is moved, and changes are made where a watch would make them.
import { setImmediate } from 'node:timers/promises'
import { LedgerKeeper } from '#clusters/ledger-keeper.ts'
import { LedgerStore } from '#clusters/ledger-store.ts'
import { Inventory } from '#inventory/inventory.ts'
import type { UsageTable } from '#inventory/usage-table.ts'
import type { WatchedCluster } from '#inventory/watched-cluster.ts'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import { digestOf, uidOf } from '#test/harness/etcd/stored-objects.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { clusterOver } from '#test/harness/live-inventory.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { systemClock } from '#time/clock.ts'

export interface LedgerDayInput {
  readonly kubeconfig: string
  /** Where the ledger is written. */
  readonly namespace: string
}

export interface LedgerDayOutput {
  readonly writesAnHour: number
  readonly hours: number
  readonly changes: number
  readonly images: number
  readonly writtenBefore: number
}

const HOURS = 24
const CHANGES_A_SECOND = 500
const IMAGES = 2_000
const CLUSTERS = 2
/** In each cluster: a pod lives for 32 s. */
const PODS = 4_000
const RETAIN_MS = 31 * 24 * 3_600_000
const digests = new Map<string, { kind: 'manifest'; digest: string }>()

const input: LedgerDayInput = JSON.parse(process.argv[2] ?? '')
const connection = await connect({ kubeconfig: input.kubeconfig, clock: systemClock })
const clock = new FakeClock()
const inventory = new Inventory({
  retainMs: RETAIN_MS,
  clusters: Array.from({ length: CLUSTERS }, (_, n) => clusterOver(`bench-${n}`, connection).policy),
  release: [],
})
const store = new LedgerStore({
  client: new KubeClient(connection),
  fence: { requestTimeoutMs: 10_000, assertLeader: () => undefined },
  ...{ namespace: input.namespace, inventory: 'bench/day', log: silentLog },
})
const keeper = new LedgerKeeper({ inventory, store, clock, log: silentLog, onLoaded: () => undefined })

let changes = 0
const term = new AbortController()
const keeping = keeper.run(term.signal)
const churns = inventory.clusters.map((cluster) => churning(cluster))
// Two minutes after the start everything is known and written.
await pass(120)
const writtenBefore = store.writes
await pass(HOURS * 3_600)
const output: LedgerDayOutput = {
  writesAnHour: (store.writes - writtenBefore) / HOURS,
  hours: HOURS,
  changes,
  images: inventory.memories[0]?.ledger.size ?? 0,
  writtenBefore,
}
term.abort()
await keeping
await connection.close()
process.stdout.write(`${JSON.stringify(output)}\n`, () => process.exit())

async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    for (const change of churns) {
      for (let n = 0; n < CHANGES_A_SECOND / CLUSTERS / 2; n += 1) change()
    }
    // As LiveInventory does.
    inventory.tick({ wall: clock.now(), monotonic: clock.monotonic() })
    await clock.advance(1_000)
    // The keeper reads or writes, which takes real time; the simulated one waits for it.
    while (clock.pending === 0) await setImmediate()
  }
}

/** A synced cluster with its pods. The returned function deletes the oldest and makes another one: two changes. */
function churning(cluster: WatchedCluster): () => void {
  inventory.identified(cluster.name, uidOf(cluster.name), 1, { wall: clock.now(), monotonic: 1 })
  cluster.connected()
  cluster.sourcesAre([{ name: 'pods', state: 'synced', blocks: true }])
  const table = cluster.uses.table('pods')
  for (let number = 0; number < PODS; number += 1) addPod(table, number, number % IMAGES)
  let next = PODS
  return () => {
    table.remove(identityOf(next - PODS))
    addPod(table, next, Math.floor(Math.random() * IMAGES))
    next += 1
    changes += 2
  }
}

function addPod(table: UsageTable, number: number, image: number): void {
  const text = `registry.example.com/team-${image % 50}/app-${image}:v1.${image}`
  table.upsert({
    ...identityOf(number),
    ...{ kind: 'Pod', use: 'pod', hasPullSecrets: false, phase: 'Running', node: `node-${number % 100}` },
    owner: { kind: 'ReplicaSet', name: `app-${image}-5d8f9c7b6d` },
    images: [{ image: text, running: runningOf(text), neverPull: false, pullFailing: false }],
  })
}

function runningOf(image: string) {
  const running = digests.get(image) ?? { kind: 'manifest', digest: digestOf(image) }
  digests.set(image, running)
  return running
}

function identityOf(number: number) {
  const hex = number.toString(16).padStart(12, '0')
  return { uid: `00000000-0000-4000-8000-${hex}`, namespace: 'bench', name: `pod-${number}` }
}
