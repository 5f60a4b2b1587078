import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import {
  type FaultProxy,
  killAtRequest,
  type RequestMatch,
  startFaultProxy,
} from '#test/harness/fault-proxy.ts'
import { logLines, type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import type { RegistryVersion } from '#test/harness/registry.ts'
import { eventually } from '#test/harness/wait.ts'
import { ENDED, OPERATOR_ARGS, PolicyShop } from './chaos/policy-shop.ts'
import { Api } from './support/api.ts'
import { imageInventory } from './support/objects.ts'

// Runs of a policy whose process dies, or is frozen and another one takes over: the built program, and both registries at once.

vi.setConfig({ testTimeout: 240_000 })

const VERSIONS: readonly RegistryVersion[] = ['2.8', '3']

let cluster: TestCluster
let api: Api
let operatorProxy: FaultProxy
let shops: PolicyShop[]
const operators: OperatorProcess[] = []
/** Requests that take something away, in an undisturbed run on both. */
let requests: number

beforeAll(async () => {
  cluster = await borrowCluster({ crds: true })
  api = await Api.connect(cluster)
  operatorProxy = await startFaultProxy({
    upstream: cluster.server,
    upstreamCa: cluster.caPem ?? '',
    tls: true,
  })
  const { namespace } = cluster
  shops = await Promise.all(VERSIONS.map((version) => PolicyShop.start(namespace, version)))
  const all = imageInventory({ namespace, name: 'all' }, { clusters: [{ name: 'local', floor: 1 }] })
  await cluster.apply([all, ...shops.flatMap((shop) => shop.objects())])
})
afterEach(async () => {
  await Promise.all(operators.splice(0).map((operator) => operator.stop()))
})
afterAll(async () => {
  await Promise.all(shops.map((shop) => shop.stop()))
  await operatorProxy.stop()
  await api.close()
  await cluster.stop()
})

async function start(name: string, proxy?: FaultProxy): Promise<OperatorProcess> {
  const through = proxy === undefined ? {} : { server: proxy.url, caPem: proxy.caPem ?? '' }
  const kubeconfig = await cluster.operatorKubeconfig(through)
  const logFile = path.join(cluster.stateDir, `${name}.log`)
  const operator = await startOperator({ kubeconfig, logFile, args: OPERATOR_ARGS })
  operators.push(operator)
  return operator
}

const said = ({ logFile }: OperatorProcess, message: string) =>
  eventually(async () => (await logLines(logFile)).some(({ msg }) => msg === message), {
    message: `${logFile}: ${message}`,
  })

/** A repository in each registry, of which v3 is used and v4 is the newest. */
const fill = (round: string) => cluster.apply(shops.map((shop) => shop.fill(round)))

/** @returns what approves a plan of each, that lets go of all that is old */
async function plans(): Promise<() => Promise<void>> {
  const approvals = await Promise.all(shops.map((shop) => shop.planned(api)))
  return async () => {
    for (const approve of approvals) await approve()
  }
}

/** Waits until both have carried out the plan that is approved. */
async function finished(): Promise<void> {
  for (const shop of shops) expect(await shop.ended(api)).toBe('Succeeded')
}

/** Everything that goes is gone, and with skopeo everything that stays pulls. */
async function isOver(round: string): Promise<void> {
  for (const shop of shops) expect(await shop.state(round)).toEqual(ENDED)
}

/** What takes something away from the repositories of a round. */
const destructive = (round: string): RequestMatch => ({
  method: ['PUT', 'DELETE'],
  path: new RegExp(`^/v2/shop-[^/]*/${round}/manifests/`),
})

test('an approved plan is carried out on both', async () => {
  await start('undisturbed')
  await fill('undisturbed')
  const approve = await plans()
  const counters = shops.map(({ front }) => front.counter(destructive('undisturbed')))
  await approve()
  await finished()
  requests = counters.reduce((sum, { count }) => sum + count, 0)
  await isOver('undisturbed')
  expect(requests).toBeGreaterThan(6)
})

test.each([
  ['middle', 'answered', 0.5],
  ['late', 'before', 0.8],
] as const)(
  'S16: a process killed at a %s request that takes something away, %s it is carried out, leaves a run that the next one ends',
  async (round, when, place) => {
    const first = await start(`${round}-first`)
    await fill(round)
    const approve = await plans()
    const n = Math.max(1, Math.round((requests * place) / shops.length))
    const callOffs = shops.map(({ front }) =>
      killAtRequest(front, n, first.pid, { match: destructive(round), when }),
    )
    await approve()
    expect(await first.exited).toMatchObject({ signal: 'SIGKILL' })
    for (const callOff of callOffs) callOff()
    await start(`${round}-second`)
    await finished()
    await isOver(round)
  },
)

test('S16: a process frozen in the middle of a run takes nothing away after it thawed; another one has ended the run', async () => {
  const first = await start('frozen', operatorProxy)
  await fill('frozen')
  const approve = await plans()
  const second = await start('taking-over')
  const forgets = shops.map(({ front }) =>
    front.rule(
      { kind: 'drop', times: 1, onStrike: () => first.signal('SIGSTOP') },
      { ...destructive('frozen'), nth: 3 },
    ),
  )
  await approve()
  await said(second, 'leading')
  await finished()
  for (const forget of forgets) forget()
  await isOver('frozen')

  const before = shops.map(({ front }) => front.count)
  first.signal('SIGCONT')
  await said(first, 'standing by')
  // By the third look at the Lease everything that was queued has gone out.
  await operatorProxy.counter({ path: /leases/, method: 'GET' }).reached(3)
  const writes = shops.flatMap(({ front }, at) =>
    front.requests.filter(({ n, method, path }) => {
      // The one that leads says that it is there, and keeps its next plan.
      const isOfLeader = path.includes('tallyman-claims') || path.startsWith('/v2/ops/policies/')
      return n > (before[at] ?? 0) && !['GET', 'HEAD'].includes(method) && !isOfLeader
    }),
  )
  expect(writes).toEqual([])
  await isOver('frozen')
})
