import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { REGISTRY_POLICIES } from '#controllers/resources.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import {
  type FaultProxy,
  killAtRequest,
  type RequestMatch,
  startFaultProxy,
} from '#test/harness/fault-proxy.ts'
import { containerImage, imageIndex, LINUX_AMD64 } from '#test/harness/images.ts'
import { openJournals } from '#test/harness/open-intents.ts'
import { logLines, type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { named, pullProblem } from '#test/harness/pull.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { Api } from './support/api.ts'
import { imageInventory, pod, registry, registryPolicy } from './support/objects.ts'

// Runs of a policy whose process dies, or is frozen and another one takes over: the built program, and both registries at once.

vi.setConfig({ testTimeout: 240_000 })

const LEASE = ['--lease-duration', '3s', '--renew-deadline', '1500ms', '--retry-period', '300ms']
/** A claim that was read longer ago than three of these stops a run for minutes, and a machine may be busy. */
const ARGS = [...LEASE, '--claim-interval', '1500ms']
const VERSIONS: readonly RegistryVersion[] = ['2.8', '3']

/** One registry with its policy. */
interface Shop {
  readonly name: string
  readonly server: TestRegistry
  readonly front: FaultProxy
}

let cluster: TestCluster
let api: Api
let operatorProxy: FaultProxy
let shops: Shop[]
const operators: OperatorProcess[] = []
let undisturbed: { readonly states: readonly unknown[]; readonly requests: number }

const at = (name: string) => ({ namespace: cluster.namespace, name })

beforeAll(async () => {
  cluster = await startCluster({ crds: true })
  api = await Api.connect(cluster)
  operatorProxy = await startFaultProxy({
    upstream: cluster.server,
    upstreamCa: cluster.caPem ?? '',
    tls: true,
  })
  shops = await Promise.all(
    VERSIONS.map(async (version) => {
      const server = await startRegistry({ version })
      const front = await startFaultProxy({ upstream: server.url })
      return { name: `shop-${version.replace('.', '-')}`, server, front }
    }),
  )
  await cluster.apply([imageInventory(at('all'), { clusters: [{ name: 'local', floor: 1 }] })])
  for (const { name, front } of shops) {
    const limits = { minImagesInUse: 0, maxEvictionPercent: 100 }
    const references = { registryRef: { name }, mode: 'Approve', onEvict: 'Delete' }
    const rules = [{ name: 'newest', repositories: ['**'], keep: { newest: 1, youngerThan: '1s' } }]
    await cluster.apply([
      registry(at(name), { url: front.url, workspace: { prefix: 'ops' } }),
      registryPolicy(at(name), { ...references, rules, limits, interval: '1h' }),
    ])
  }
})
afterEach(async () => {
  await Promise.all(operators.splice(0).map((operator) => operator.stop()))
})
afterAll(async () => {
  await Promise.all(shops.map(({ front }) => front.stop()))
  await Promise.all(shops.map(({ server }) => server.stop()))
  await operatorProxy.stop()
  await api.close()
  await cluster.stop()
})

async function start(name: string, proxy?: FaultProxy): Promise<OperatorProcess> {
  const through = proxy === undefined ? {} : { server: proxy.url, caPem: proxy.caPem ?? '' }
  const kubeconfig = await cluster.operatorKubeconfig(through)
  const logFile = path.join(cluster.stateDir, `${name}.log`)
  const operator = await startOperator({ kubeconfig, logFile, args: ARGS })
  operators.push(operator)
  return operator
}

const said = ({ logFile }: OperatorProcess, message: string) =>
  eventually(async () => (await logLines(logFile)).some(({ msg }) => msg === message), {
    message: `${logFile}: ${message}`,
  })

const build = (seed: string, age: number) =>
  containerImage({ seed, created: new Date(Date.UTC(2026, 0, 60 - age)).toISOString() })

function imagesOf(repository: string) {
  return {
    v1: build(`${repository}/v1`, 50),
    v2: imageIndex('oci', [{ image: build(`${repository}/v2`, 40), platform: LINUX_AMD64 }]),
    v3: build(`${repository}/v3`, 30),
    v4: build(`${repository}/v4`, 20),
  }
}

/** A repository in each registry, of which v3 is used and v4 is the newest. */
async function fill(round: string): Promise<void> {
  for (const { name, server, front } of shops) {
    const repository = `${name}/${round}`
    const writer = new StorageWriter(server.storageDir)
    const images = imagesOf(repository)
    for (const [tag, image] of Object.entries(images)) writer.write(repository, image, tag)
    writer.write(repository, images.v1, 'first')
    writer.write(repository, images.v4, 'latest')
    await cluster.apply([pod(at(`${name}-${round}`), `${front.host}/${repository}:v3`)])
  }
}

/** Asks for a plan of each policy, until it lets go of what is old enough. @returns what approves them */
async function plans(): Promise<() => Promise<void>> {
  const going = async (name: string) => {
    const policy = await api.plan(at(name))
    return policy.status?.plan?.evict === 3 ? policy : undefined
  }
  const planned = await Promise.all(shops.map(({ name }) => eventually(() => going(name))))
  return async () => {
    for (const { metadata, status } of planned) {
      const spec = { approvedPlan: status?.plan?.digest }
      await api.patch(REGISTRY_POLICIES, at(metadata.name), { spec })
    }
  }
}

/** Waits until both policies have carried out the plan that they approve. */
async function finished(): Promise<void> {
  for (const { name } of shops) {
    const read = async () => {
      const { spec, status } = await api.policy(at(name))
      const { run } = status ?? {}
      const isOver = run?.plan === Reflect.get(Object(spec), 'approvedPlan') && run?.finishedAt !== undefined
      return isOver ? run : undefined
    }
    const run = await eventually(read, { message: `the end of the run of ${name}`, timeoutMs: 90_000 })
    expect(run).toMatchObject({ phase: 'Succeeded' })
  }
}

/** What stands in the repositories of a round, and what of their journals is open. */
function states(round: string): Promise<unknown[]> {
  return Promise.all(
    shops.map(async ({ name, server: { wire } }) => {
      const repository = `${name}/${round}`
      const images = imagesOf(repository)
      const tags = Object.fromEntries(
        await Promise.all(
          [...Object.keys(images), 'first', 'latest'].map(async (tag) => {
            const digest = await named(wire, repository, tag)
            const [image] =
              Object.entries(images).find(([, { manifest }]) => manifest.digest === digest) ?? []
            return [tag, digest && (image ?? 'a placeholder')]
          }),
        ),
      )
      const manifests = Object.entries(images).flatMap(([image, { manifest, children }]) =>
        [manifest, ...children.map((child) => child.manifest)].map(({ digest }) => ({ image, digest })),
      )
      const there = await Promise.all(
        manifests.map(async ({ image, digest }) => (await named(wire, repository, digest)) && image),
      )
      const problems = await Promise.all(['v3', 'v4'].map((tag) => pullProblem(wire, repository, tag)))
      return { tags, there, problems, open: await openJournals(wire, 'ops') }
    }),
  )
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
  const requests = counters.reduce((sum, { count }) => sum + count, 0)
  undisturbed = { states: await states('undisturbed'), requests }
  const tags = { v3: 'v3', v4: 'v4', latest: 'v4' }
  for (const state of undisturbed.states) {
    expect(state).toEqual({
      ...{ tags, there: [undefined, undefined, undefined, 'v3', 'v4'] },
      ...{ problems: [undefined, undefined], open: [] },
    })
  }
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
    const n = Math.max(1, Math.round((undisturbed.requests * place) / shops.length))
    const callOffs = shops.map(({ front }) =>
      killAtRequest(front, n, first.pid, { match: destructive(round), when }),
    )
    await approve()
    expect(await first.exited).toMatchObject({ signal: 'SIGKILL' })
    for (const callOff of callOffs) callOff()
    await start(`${round}-second`)
    await finished()
    expect(await states(round)).toEqual(undisturbed.states)
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
  expect(await states('frozen')).toEqual(undisturbed.states)

  const before = shops.map(({ front }) => front.count)
  first.signal('SIGCONT')
  await said(first, 'standing by')
  // By the third look at the Lease everything that was queued has gone out.
  await operatorProxy.counter({ path: /leases/, method: 'GET' }).reached(3)
  const writes = shops.flatMap(({ front }, at) =>
    front.requests.filter(({ n, method, path }) => {
      // The one that leads says that it is there.
      return n > (before[at] ?? 0) && !['GET', 'HEAD'].includes(method) && !path.includes('tallyman-claims')
    }),
  )
  expect(writes).toEqual([])
  expect(await states('frozen')).toEqual(undisturbed.states)
})
