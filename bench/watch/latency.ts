import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { LiveInventory } from '#clusters/live-inventory.ts'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import type { Log } from '#kube/log.ts'
import { PODS } from '#kube/resource.ts'
import { clusterOver, inventoryConfig, PODS_ONLY } from '#test/harness/live-inventory.ts'
import { systemClock } from '#time/clock.ts'
import { quantile } from '../figure.ts'
import { latencyImage, latencyPod, NAMESPACE } from './pods.ts'

const COUNT = 1_500
const PER_SECOND = 150
const BARE_WATCH = path.join(import.meta.dirname, 'bare-watch.ts')
const quiet = () => undefined
const silent: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => silent }

/** From a bare watch in another process seeing a pod to its image being in the snapshot, ms: p50 and p99. */
export async function measureLatency(kubeconfig: string): Promise<{ p50: number; p99: number }> {
  const connection = await connect({ kubeconfig, clock: systemClock })
  const live = new LiveInventory({
    config: inventoryConfig([clusterOver('bench', connection)], { sources: PODS_ONLY }),
    memory: 'none',
    clock: systemClock,
    log: silent,
  })
  live.start()
  await live.whenSynced()
  const input = JSON.stringify({ kubeconfig, namespace: NAMESPACE, count: COUNT })
  const other = spawn(process.execPath, [BARE_WATCH, input], { stdio: ['ignore', 'pipe', 'pipe'] })
  await once(other.stderr, 'data')

  const held: Record<string, number> = {}
  const waiting = new Set<number>()
  live.onChange(() => {
    const images = new Set(live.snapshot().images.map(({ image }) => image))
    const now = performance.timeOrigin + performance.now()
    for (const number of waiting) {
      if (!images.has(latencyImage(number))) continue
      held[`latency-${number}`] = now
      waiting.delete(number)
    }
  })
  const printed = text(other.stdout)
  await createPaced(new KubeClient(connection), waiting)
  const seen: Record<string, number> = JSON.parse(await printed)
  while (waiting.size > 0) await systemClock.sleep(10)
  await live.stop()
  await connection.close()
  // Where we were first, the image was there before the other process saw the event: that is no delay.
  const delays = Object.entries(seen).map(([name, at]) =>
    Math.max(0, (held[name] ?? Number.POSITIVE_INFINITY) - at),
  )
  return { p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) }
}

async function createPaced(client: KubeClient, waiting: Set<number>): Promise<void> {
  const started = performance.now()
  const creating: Promise<unknown>[] = []
  for (let number = 0; number < COUNT; number += 1) {
    const due = started + (number / PER_SECOND) * 1000
    if (due > performance.now()) await systemClock.sleep(due - performance.now())
    waiting.add(number)
    creating.push(client.create(PODS, latencyPod(number)))
  }
  await Promise.all(creating)
}
