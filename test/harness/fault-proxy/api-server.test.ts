import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { collect, open } from '#test/harness/fault-proxy/test-client.ts'
import { expired, type FaultProxy, startFaultProxy, throttled } from '#test/harness/fault-proxy.ts'
import { eventually } from '#test/harness/wait.ts'

let cluster: TestCluster
let proxy: FaultProxy
let kubeconfig: string

beforeAll(async () => {
  cluster = await borrowCluster()
  proxy = await startFaultProxy({
    upstream: cluster.server,
    ...(cluster.caPem === undefined ? { upstreamInsecure: true } : { upstreamCa: cluster.caPem }),
    tls: true,
  })
  const { caPem } = proxy
  kubeconfig = await cluster.operatorKubeconfig({
    server: proxy.url,
    ...(caPem === undefined ? {} : { caPem }),
  })
})

afterAll(async () => {
  await proxy.stop()
  await cluster.stop()
})

test('kubectl works through the proxy with a token', async () => {
  const { stdout } = await cluster.kubectl(['get', 'pods', '--all-namespaces', '-o', 'name'], { kubeconfig })
  expect(stdout).toBe('')
  const list = proxy.requests.find((request) => request.path === '/api/v1/pods')
  expect(list).toMatchObject({ method: 'GET', authorization: 'bearer', status: 200 })
})

test('a watch through the proxy sees an object while it goes on', async () => {
  const answer = await open(`${proxy.url}/api/v1/pods?watch=1`, {
    headers: { Authorization: `Bearer ${await tokenIn(kubeconfig)}` },
    ca: proxy.caPem,
  })
  const watch = collect(answer)
  const metadata = { name: 'seen', namespace: cluster.namespace }
  const containers = [{ name: 'main', image: 'registry.example/app:1' }]
  await cluster.apply([{ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } }])
  await eventually(() => watch.text.includes('"name":"seen"'))
  expect(watch.ended).toBeUndefined()
  answer.destroy()
})

test('kubectl takes the faults for the API server’s own words', async () => {
  proxy.rule({ ...throttled(1), times: 1 }, { path: '/api/v1/nodes' })
  proxy.rule({ ...expired, times: 1 }, { path: '/api/v1/nodes' })
  const { stderr } = await cluster.kubectl(['get', 'nodes'], { kubeconfig, allowFailure: true })
  expect(stderr).toContain('too old resource version')
  expect(
    proxy.requests.filter((request) => request.path === '/api/v1/nodes').map(({ status }) => status),
  ).toEqual([429, 410])
})

test('lists and watches that are narrowed leave objects out, and answer 200', async () => {
  const { namespace } = cluster
  const pod = (name: string, tier: string) => ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { app: 'two', tier } } },
    spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }] },
  })
  await cluster.apply([pod('shown', 'front'), pod('left-out', 'back')])
  const mend = proxy.rule({ kind: 'narrow', labelSelector: 'tier notin (back)' }, { path: /\/pods$/ })
  const listed = async () => {
    const args = ['get', 'pods', '-n', namespace, '-l', 'app in (one, two)', '-o', 'name']
    const { stdout } = await cluster.kubectl(args, { kubeconfig })
    return stdout.split('\n').filter((line) => line !== '')
  }
  expect(await listed()).toEqual(['pod/shown'])
  mend()
  expect(await listed()).toEqual(['pod/left-out', 'pod/shown'])
})

async function tokenIn(file: string): Promise<string> {
  const [, token] = /"?token"?: *"?([^"\s]+)/.exec(await readFile(file, 'utf8')) ?? []
  if (token === undefined) throw new Error(`no token in ${file}`)
  return token
}
