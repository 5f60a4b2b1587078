// Lists and holds all pods as the operator does, and prints what it took. Bundled before it runs.
import { LiveInventory } from '#clusters/live-inventory.ts'
import { connect } from '#kube/connection.ts'
import { clusterOver, inventoryConfig, PODS_ONLY } from '#test/harness/live-inventory.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { systemClock } from '#time/clock.ts'
import { heapBytes, idle, statusMb, watchTurns } from '../support/own-process.ts'

export interface HoldInput {
  readonly kubeconfig: string
}

export interface HoldOutput {
  readonly pods: number
  readonly images: number
  readonly listMs: number
  readonly longestTurnMs: number
  readonly peakMb: number
  readonly bytesPerPod: number
}

const input: HoldInput = JSON.parse(process.argv[2] ?? '')
const connection = await connect({ kubeconfig: input.kubeconfig, clock: systemClock })
// The operator holds its lease before it watches: TLS and the HTTP parser are loaded and compiled by then.
await connection.request({ method: 'GET', path: '/version' })

const idleMb = await idle()
const turn = watchTurns()
const started = performance.now()
const first = hold()
await first.whenSynced()
const listMs = performance.now() - started
const longestTurnMs = turn.stop()
const peakMb = statusMb('VmHWM') - idleMb
await first.stop()

// The first list has warmed what is made once, code and shapes: what a second one adds is what pods cost.
const before = heapBytes()
const second = hold()
await second.whenSynced()
const after = heapBytes()
const { pods, images } = second.snapshot()
const output: HoldOutput = {
  pods,
  images: images.length,
  listMs,
  longestTurnMs,
  peakMb,
  bytesPerPod: (after - before) / pods,
}
process.stdout.write(`${JSON.stringify(output)}\n`)
process.exit()

function hold(): LiveInventory {
  const live = new LiveInventory({
    config: inventoryConfig([clusterOver('bench', connection)], { sources: PODS_ONLY }),
    memory: 'none',
    clock: systemClock,
    log: silentLog,
  })
  live.start()
  return live
}
