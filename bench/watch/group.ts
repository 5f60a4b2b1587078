import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import { startCluster } from '#test/harness/cluster.ts'
import { imageNodeFlags } from '#test/harness/node-flags.ts'
import { systemClock } from '#time/clock.ts'
import { type Figure, median, rounded } from '../figure.ts'
import { bundled } from '../support/bundle.ts'
import { runScript } from '../support/child.ts'
import { curlMs } from './curl.ts'
import type { HoldInput, HoldOutput } from './hold.ts'
import { measureLatency } from './latency.ts'
import { benchPod, createAll, NAMESPACE, POD_COUNT } from './pods.ts'

const ROUNDS = 3
/** Fixed, so that the peak does not depend on how much memory the machine has. */
const HEAP_FLAGS = [...imageNodeFlags(), '--max-old-space-size=256', '--expose-gc']
const INFORMER = path.join(import.meta.dirname, 'informer.ts')

interface Round {
  readonly curl: number
  readonly held: HoldOutput
  readonly informer: { readonly listMs: number }
}

/** Ten thousand pods on a real API server: what it takes to list and hold them, and how soon a new one is there. */
export async function watchGroup(): Promise<Figure[]> {
  const cluster = await startCluster()
  const folder = await mkdtemp(path.join(import.meta.dirname, '../../dist/bench-'))
  try {
    const kubeconfig = cluster.adminKubeconfig
    const connection = await connect({ kubeconfig, clock: systemClock })
    await cluster.kubectl(['create', 'namespace', NAMESPACE])
    await createAll(new KubeClient(connection), pods())
    await connection.close()
    const bundle = await bundled(path.join(import.meta.dirname, 'hold.ts'), folder)

    const rounds: Round[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const input: HoldInput = { kubeconfig }
      rounds.push({
        curl: await curlMs(kubeconfig),
        held: await runScript<HoldOutput>(bundle, input, HEAP_FLAGS),
        informer: await runScript<{ listMs: number }>(INFORMER, input),
      })
    }
    const latency = await measureLatency(kubeconfig)
    const of = (pick: (round: Round) => number) => median(rounds.map(pick))
    const flags = HEAP_FLAGS.join(' ')
    return [
      {
        name: 'watch.bytes-per-pod',
        value: of(({ held }) => held.bytesPerPod),
        unit: 'bytes',
        aim: { op: '<=', value: 250 },
        beside: { pods: of(({ held }) => held.pods), images: of(({ held }) => held.images) },
      },
      {
        name: 'watch.pause',
        value: of(({ held }) => held.longestTurnMs),
        unit: 'ms',
        aim: { op: '<=', value: 20 },
        beside: {},
      },
      {
        name: 'watch.list',
        value: of(({ held, curl }) => held.listMs / curl),
        unit: 'x',
        aim: { op: '<=', value: 0.6 },
        beside: {
          'tallyman ms': rounded(of(({ held }) => held.listMs)),
          'curl ms': rounded(of(({ curl }) => curl)),
          'client-node informer ms': rounded(of(({ informer }) => informer.listMs)),
        },
      },
      {
        name: 'watch.peak',
        value: of(({ held }) => held.peakMb),
        unit: 'MB',
        aim: { op: '<=', value: 50 },
        beside: { flags },
      },
      {
        name: 'watch.latency',
        value: latency.p99,
        unit: 'ms',
        aim: { op: '<=', value: 50 },
        beside: { 'p50 ms': rounded(latency.p50), 'creations a second': 150 },
      },
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
    await cluster.stop()
  }
}

function* pods() {
  for (let number = 0; number < POD_COUNT; number += 1) yield benchPod(number)
}
