// Watches both clusters as the operator does, all sources and the memory of use included, and prints what it took: a line once it is
// synced, and one when its standard input has ended, until when it notes which images are in its snapshots. Bundled before it runs.
import { once } from 'node:events'
import { LiveInventory } from '#clusters/live-inventory.ts'
import { DEFAULT_SOURCES, type SourcesConfig } from '#clusters/sources-config.ts'
import { compileImageRules } from '#inventory/image-rules.ts'
import type { MemoryState } from '#inventory/inventory.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { connect } from '#kube/connection.ts'
import { clusterOver, inventoryConfig } from '#test/harness/live-inventory.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { systemClock } from '#time/clock.ts'
import { heapBytes, idle, statusMb, threadCpuMs, watchTurns } from '../support/own-process.ts'

export interface HoldInput {
  readonly kubeconfigs: readonly string[]
  readonly helmNamespaces: readonly string[]
  readonly custom: { readonly group: string; readonly version: string; readonly kind: string }
  /** Images that begin with it are noted. */
  readonly notedPrefix: string
}

export interface SyncOutput {
  readonly syncMs: number
  readonly cpuMs: number
}

export interface HoldOutput {
  readonly pods: number
  readonly images: number
  readonly remembered: number
  readonly syncTurnMs: number
  readonly snapshotTurnMs: number
  readonly churnTurnMs: number
  readonly snapshots: number
  /** With a snapshot and what is remembered. */
  readonly heapMb: number
  readonly bytesPerPod: number
  readonly peakMb: number
  /** When an image was in a snapshot for the first time, ms since the epoch. */
  readonly noted: Readonly<Record<string, number>>
}

const input: HoldInput = JSON.parse(process.argv[2] ?? '')
const connections = await Promise.all(
  input.kubeconfigs.map(async (kubeconfig) => {
    const connection = await connect({ kubeconfig, clock: systemClock })
    // The operator holds its lease before it watches: TLS and the HTTP parser are loaded and compiled by then.
    await connection.request({ method: 'GET', path: '/version' })
    return connection
  }),
)
const sources: SourcesConfig = {
  ...DEFAULT_SOURCES,
  helmReleases: { namespaces: input.helmNamespaces, blocks: true },
  custom: [
    {
      ...input.custom,
      blocks: true,
      rules: compileImageRules([{ path: 'spec.template.spec.containers[*].image' }], 'images'),
    },
  ],
}

const idleMb = await idle()
const idleBytes = heapBytes()
const { live, snapshot, ...measured } = await watchWithMemory()
const peakMb = statusMb('VmHWM') - idleMb
const perPod = await bytesPerPod()
const output: HoldOutput = {
  ...measured,
  peakMb,
  bytesPerPod: perPod,
  pods: podsOf(live),
  images: snapshot.images.length,
  remembered: snapshot.remembered.length,
}
process.stdout.write(`${JSON.stringify(output)}\n`, () => process.exit())

async function watchWithMemory() {
  const syncTurn = watchTurns()
  const started = performance.now()
  const cpuBefore = threadCpuMs()
  const watched = hold('unloaded')
  watched.inventory.load([], true, { wall: systemClock.now(), monotonic: systemClock.monotonic() })
  await watched.whenSynced()
  const synced: SyncOutput = { syncMs: performance.now() - started, cpuMs: threadCpuMs() - cpuBefore }
  const syncTurnMs = syncTurn.stop()

  const snapshotTurn = watchTurns()
  await watched.calmSnapshot()
  const snapshotTurnMs = snapshotTurn.stop()

  process.stdout.write(`${JSON.stringify(synced)}\n`)
  const churnTurn = watchTurns()
  const following = follow(watched)
  process.stdin.resume()
  await once(process.stdin, 'end')
  const followed = await following.stop()
  const churnTurnMs = churnTurn.stop()
  const heapMb = (heapBytes() - idleBytes) / 1024 / 1024
  await watched.stop()
  return { live: watched, ...followed, syncTurnMs, snapshotTurnMs, churnTurnMs, heapMb }
}

/** A consumer that wants the newest snapshot at any time. */
function follow(inventory: LiveInventory) {
  const noted: Record<string, number> = {}
  let isStopped = false
  let wake: (() => void) | undefined
  let isChanged = true
  let snapshots = 0
  const remove = inventory.onChange(() => {
    isChanged = true
    wake?.()
  })
  const run = async () => {
    let newest = await inventory.calmSnapshot()
    while (!isStopped) {
      if (!isChanged) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      isChanged = false
      const last = newest
      newest = await inventory.calmSnapshot()
      if (newest === last) continue
      snapshots += 1
      note(newest, noted)
    }
    return { snapshot: newest, noted, snapshots }
  }
  const running = run()
  return {
    stop: () => {
      isStopped = true
      remove()
      wake?.()
      return running
    },
  }
}

function note({ images }: InventorySnapshot, noted: Record<string, number>): void {
  const now = performance.timeOrigin + performance.now()
  for (let at = firstAtLeast(images, input.notedPrefix); at < images.length; at += 1) {
    const { image = '' } = images[at] ?? {}
    if (!image.startsWith(input.notedPrefix)) return
    noted[image] ??= now
  }
}

function firstAtLeast(images: InventorySnapshot['images'], text: string): number {
  let from = 0
  let to = images.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((images[middle]?.image ?? '') < text) from = middle + 1
    else to = middle
  }
  return from
}

/**
 * The first sync has warmed what is made once, code and shapes: what a second one adds is what pods and their workloads cost. What the
 * first one holds stays until the end, because nothing says when all of it would be gone.
 */
async function bytesPerPod(): Promise<number> {
  const before = heapBytes()
  const second = hold('none')
  await second.whenSynced()
  return (heapBytes() - before) / podsOf(second)
}

function podsOf({ inventory }: LiveInventory): number {
  return inventory.clusters.reduce((sum, { uses }) => sum + uses.pods, 0)
}

function hold(memory: MemoryState): LiveInventory {
  const clusters = connections.map((connection, at) => clusterOver(`bench-${at}`, connection))
  const inventory = new LiveInventory({
    config: inventoryConfig(clusters, { sources }),
    memory,
    clock: systemClock,
    log: silentLog,
  })
  inventory.start()
  return inventory
}
