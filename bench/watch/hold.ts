// Lists and holds all pods as the operator does, and prints what it took. Bundled before it runs.
import { readFileSync, writeFileSync } from 'node:fs'
import { LiveInventory } from '#clusters/live-inventory.ts'
import { connect } from '#kube/connection.ts'
import type { Log } from '#kube/log.ts'
import { clusterOver, inventoryConfig, PODS_ONLY } from '#test/harness/live-inventory.ts'
import { systemClock } from '#time/clock.ts'

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

const silent: Log = { debug: noop, info: noop, warn: noop, error: noop, child: () => silent }
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
    log: silent,
  })
  live.start()
  return live
}

async function idle(): Promise<number> {
  heapBytes()
  await systemClock.sleep(500)
  // Linux, proc(5): VmHWM begins again. What loading the program took is not what listing takes.
  writeFileSync('/proc/self/clear_refs', '5')
  return statusMb('VmRSS')
}

/** heapUsed and external after two collections. external holds the array buffers already. */
function heapBytes(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function statusMb(field: string): number {
  const [, kb] = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kb) / 1024
}

/**
 * The longest turn of the event loop, in CPU time of this thread: waiting for a core is not ours. A timer of 1 ms may
 * count short turns together, but lets the loop sleep: one that spins finds less data waiting in each turn.
 */
function watchTurns(): { stop(): number } {
  let longest = 0
  let last = cpuMs()
  const timer = setInterval(() => {
    const now = cpuMs()
    longest = Math.max(longest, now - last)
    last = now
  }, 1)
  return {
    stop: () => {
      clearInterval(timer)
      return longest
    },
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function noop(): void {
  // Nothing is logged while measuring.
}
