import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kubeconfig } from '#test/harness/cluster/kubeconfig.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { eventually } from '#test/harness/wait.ts'
import { Api, settled } from './support/api.ts'
import { credentialsBinding, imageInventory } from './support/objects.ts'

// The operator as in a pod: its ServiceAccount from the files of the kubelet, and the probes that the kubelet asks.

/** Of the second cluster of the inventory: nobody listens there. */
const NOWHERE = 'https://127.0.0.1:1'

let cluster: TestCluster
let api: Api
let proxy: FaultProxy
let operator: OperatorProcess

beforeAll(async () => {
  cluster = await startCluster({ crds: true })
  api = await Api.connect(cluster)
  proxy = await startFaultProxy({ upstream: cluster.server, upstreamCa: cluster.caPem ?? '', tls: true })
  const { namespace } = cluster
  const text = kubeconfig({ server: NOWHERE, user: 'nobody', token: 'none' })
  await cluster.operatorKubeconfig()
  await cluster.apply([
    credentialsBinding(namespace),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name: 'gone' },
      stringData: { kubeconfig: text },
    },
    imageInventory(
      { namespace, name: 'all' },
      {
        clusters: [
          { name: 'local', floor: 0 },
          { name: 'gone', kubeconfigRef: { name: 'gone' } },
        ],
      },
    ),
  ])
})

afterAll(async () => {
  await operator.stop()
  await api.close()
  await proxy.stop()
  await cluster.stop()
})

/** What the kubelet gives a pod whose way to the API server leads through the proxy. */
async function podEnvironment(): Promise<Record<string, string | undefined>> {
  const root = await mkdtemp(path.join(cluster.stateDir, 'pod-'))
  const folder = path.join(root, 'var/run/secrets/kubernetes.io/serviceaccount')
  await mkdir(folder, { recursive: true })
  const { stdout } = await cluster.kubectl(['create', 'token', 'tallyman', '--namespace', 'tallyman-system'])
  await writeFile(path.join(folder, 'token'), stdout.trim())
  await writeFile(path.join(folder, 'ca.crt'), proxy.caPem ?? '')
  const { hostname, port } = new URL(proxy.url)
  return {
    ...{ TELEPRESENCE_ROOT: root, KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
    ...{ HOME: root, KUBECONFIG: undefined },
  }
}

const logFile = (name: string) => path.join(cluster.stateDir, `${name}.log`)

async function probe(asked: OperatorProcess, name: 'healthz' | 'readyz') {
  const answer = await fetch(`${await asked.url()}/${name}`, { signal: AbortSignal.timeout(5_000) })
  return { status: answer.status, text: await answer.text() }
}

test('is live at once, and ready when it has looked at its own cluster, whatever becomes of the other one', async () => {
  const pods = proxy.hold({ path: /\/api\/v1\/pods$/, query: /watch=true/ })
  operator = await startOperator({ logFile: logFile('first'), env: await podEnvironment() })
  expect(await probe(operator, 'healthz')).toMatchObject({ status: 200 })
  await pods.arrived
  const waiting = `[-]inventories: not looked at yet: ${cluster.namespace}/all`
  await eventually(async () => (await probe(operator, 'readyz')).text.includes(waiting))
  expect((await probe(operator, 'readyz')).text).toBe(`[+]caches ok\n${waiting}\n`)
  pods.release()
  await eventually(async () => (await probe(operator, 'readyz')).status === 200)
  await settled(() => api.inventory({ namespace: cluster.namespace, name: 'all' }), {
    Synced: ['False ClusterUnreachable', /gone/],
  })
  expect(await probe(operator, 'readyz')).toMatchObject({ status: 200 })
})

test('is not live while its event loop hangs', async () => {
  const url = await operator.url()
  operator.signal('SIGSTOP')
  await expect(fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1_000) })).rejects.toThrow()
  operator.signal('SIGCONT')
  await eventually(async () => (await probe(operator, 'healthz')).status === 200)
})

test('S16: without an API server it is live and not ready, and becomes ready without a restart', async () => {
  const env = await podEnvironment()
  await cluster.stopApiServer({ kill: true })
  const late = await startOperator({ logFile: logFile('late'), env })
  try {
    await eventually(async () => (await probe(late, 'readyz')).status === 503)
    expect((await probe(late, 'readyz')).text).toMatch(/^\[-\]caches: not synced: /)
    for (const each of [operator, late]) expect(await probe(each, 'healthz')).toMatchObject({ status: 200 })
    await cluster.startApiServer()
    await eventually(async () => (await probe(late, 'readyz')).status === 200, { timeoutMs: 90_000 })
    await eventually(async () => (await probe(operator, 'readyz')).status === 200, { timeoutMs: 90_000 })
    expect([operator.running, late.running]).toEqual([true, true])
  } finally {
    await late.stop()
  }
})
