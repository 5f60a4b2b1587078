import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { CONTROLLER_REVISIONS, NODES, PODS, resourcePath, SECRETS } from '#kube/resource.ts'
import { WORKLOAD_RESOURCES } from '#kube/workload-projection.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { imageNodeFlags } from '#test/harness/node-flags.ts'
import { ROLLOUT } from '#test/harness/rollout-crd.ts'
import { systemClock } from '#time/clock.ts'
import { type Figure, median, quantile, rounded } from '../figure.ts'
import { bundled } from '../support/bundle.ts'
import { runScript } from '../support/child.ts'
import { type Collection, curlMs } from '../watch/curl.ts'
import { CHANGES_A_SECOND, CHURN_IMAGE, churn } from './churn.ts'
import { countedFigures } from './counted.ts'
import { CHURN_NAMESPACE, filledCluster, HELM_NAMESPACES, ROLLOUTS } from './fill.ts'
import { startHold } from './held.ts'
import type { HoldOutput, SyncOutput } from './hold.ts'
import type { LedgerDayInput, LedgerDayOutput } from './ledger-day.ts'

const ROUNDS = 3
const CLUSTERS = 2
const WANTED_PODS = 100_000
/** Two API servers with their etcds take that much for each pod: what the machine does not bear is extrapolated. */
const SERVED_POD_BYTES = 90_000
/** Fixed, so that the peak does not depend on how much memory the machine has. */
const HEAP_FLAGS = [...imageNodeFlags(), '--max-old-space-size=512', '--expose-gc']
/** What a bare watch has seen is given that long to be in a snapshot. */
const SETTLE_MS = 2_000

const COLLECTIONS: readonly Collection[] = [
  ...[PODS, NODES, ...Object.values(WORKLOAD_RESOURCES), CONTROLLER_REVISIONS, ROLLOUTS].map((resource) => ({
    path: resourcePath(resource, {}),
  })),
  ...HELM_NAMESPACES.map((namespace) => ({
    path: resourcePath(SECRETS, { namespace }),
    labelSelector: 'owner=helm',
  })),
]

interface Round {
  /** One curl after the other, and all at once. */
  readonly curlMs: number
  readonly curlsAtOnceMs: number
  readonly synced: SyncOutput
  readonly held: HoldOutput
  /** From a bare watch seeing a pod to its image being in a snapshot, ms. */
  readonly delays: readonly number[]
}

/** A hundred thousand pods in two clusters, every source, and what is remembered: what it takes to hold and to follow them. */
export async function inventoryGroup(): Promise<Figure[]> {
  const thousands = Math.floor(podsBorne() / CLUSTERS / 1_000)
  const clusters: TestCluster[] = []
  const folder = await mkdtemp(path.join(import.meta.dirname, '../../dist/bench-'))
  try {
    for (let n = 0; n < CLUSTERS; n += 1) clusters.push(await filledCluster(thousands))
    const kubeconfigs = clusters.map(({ adminKubeconfig }) => adminKubeconfig)
    const bundle = await bundled(path.join(import.meta.dirname, 'hold.ts'), folder)
    const day = await bundled(path.join(import.meta.dirname, 'ledger-day.ts'), folder)
    const rounds: Round[] = []
    for (let n = 0; n < ROUNDS; n += 1) rounds.push(await measure(bundle, kubeconfigs))
    const input: LedgerDayInput = { kubeconfig: kubeconfigs[0] ?? '', namespace: CHURN_NAMESPACE }
    const ledger = await runScript<LedgerDayOutput>(day, input, imageNodeFlags())
    return [...figures(rounds), ledgerFigure(ledger), ...countedFigures()]
  } finally {
    await rm(folder, { recursive: true, force: true })
    for (const cluster of clusters) await cluster.stop()
  }
}

/** BENCH_PODS, for who develops this; else all that are wanted and that the free memory bears. */
function podsBorne(): number {
  const wanted = Number(process.env.BENCH_PODS ?? WANTED_PODS)
  return Math.min(wanted, os.freemem() / SERVED_POD_BYTES)
}

async function measure(bundle: string, kubeconfigs: readonly string[]): Promise<Round> {
  const oneByOne: number[] = []
  for (const kubeconfig of kubeconfigs) oneByOne.push(await curlMs(kubeconfig, COLLECTIONS))
  const atOnce = await Promise.all(kubeconfigs.map((kubeconfig) => curlMs(kubeconfig, COLLECTIONS)))
  const input = { kubeconfigs, helmNamespaces: HELM_NAMESPACES, custom: ROLLOUT, notedPrefix: CHURN_IMAGE }
  const inventory = await startHold(bundle, input, HEAP_FLAGS)
  const seen = await churn(kubeconfigs, CHURN_NAMESPACE)
  await systemClock.sleep(SETTLE_MS)
  const held = await inventory.finish()
  // Where we were first, the image was there before the other process saw the event: that is no delay. One that never came is Infinity.
  const delays = Object.entries(seen).map(([image, at]) =>
    Math.max(0, (held.noted[image] ?? Number.POSITIVE_INFINITY) - at),
  )
  return {
    curlMs: oneByOne.reduce((sum, ms) => sum + ms, 0),
    curlsAtOnceMs: Math.max(...atOnce),
    synced: inventory.synced,
    held,
    delays,
  }
}

function figures(rounds: readonly Round[]): Figure[] {
  const of = (pick: (round: Round) => number) => median(rounds.map(pick))
  const pods = of(({ held }) => held.pods)
  const counts = { pods, ...(pods < WANTED_PODS ? { extrapolated: `from ${pods} pods` } : {}) }
  return [
    {
      name: 'inventory.bytes-per-pod',
      value: of(({ held }) => held.bytesPerPod),
      unit: 'bytes',
      aim: { op: '<=', value: 300 },
      beside: { ...counts, images: of(({ held }) => held.images) },
    },
    {
      name: 'inventory.heap-100k',
      value: of(({ held }) => (held.heapMb * WANTED_PODS) / held.pods),
      unit: 'MB',
      aim: { op: '<=', value: 60 },
      beside: {
        ...counts,
        'peak MB': rounded(of(({ held }) => held.peakMb)),
        remembered: of(({ held }) => held.remembered),
        flags: HEAP_FLAGS.join(' '),
      },
    },
    {
      name: 'inventory.turn',
      value: of(({ held }) => Math.max(held.syncTurnMs, held.snapshotTurnMs, held.churnTurnMs)),
      unit: 'ms',
      aim: { op: '<=', value: 20 },
      beside: {
        'while syncing': rounded(of(({ held }) => held.syncTurnMs)),
        'first snapshot': rounded(of(({ held }) => held.snapshotTurnMs)),
        'while churning': rounded(of(({ held }) => held.churnTurnMs)),
      },
    },
    {
      name: 'inventory.protect-p99',
      value: of(({ delays }) => quantile(delays, 0.99)),
      unit: 'ms',
      aim: { op: '<=', value: 100 },
      beside: {
        'p50 ms': rounded(of(({ delays }) => quantile(delays, 0.5))),
        'changes a second': CHANGES_A_SECOND,
        snapshots: of(({ held }) => held.snapshots),
      },
    },
    {
      name: 'inventory.sync',
      value: of(({ synced, curlMs: curl }) => synced.syncMs / curl),
      unit: 'x',
      aim: { op: '<=', value: 0.8 },
      beside: {
        'tallyman ms': rounded(of(({ synced }) => synced.syncMs)),
        'tallyman CPU ms': rounded(of(({ synced }) => synced.cpuMs)),
        'curl ms': rounded(of(({ curlMs: curl }) => curl)),
        'curls of both clusters at once ms': rounded(of(({ curlsAtOnceMs }) => curlsAtOnceMs)),
      },
    },
  ]
}

function ledgerFigure({ writesAnHour, hours, changes, images, writtenBefore }: LedgerDayOutput): Figure {
  return {
    name: 'inventory.ledger-writes',
    value: writesAnHour,
    unit: 'writes/h',
    aim: { op: '<=', value: 40 },
    beside: { hours, changes, images, 'writes at the start': writtenBefore },
  }
}
