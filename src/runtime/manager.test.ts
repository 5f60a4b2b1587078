import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { eventually } from '#test/harness/wait.ts'

const SCRIPT = fileURLToPath(new URL('../../test/harness/manager-process.ts', import.meta.url))

let cluster: TestCluster

beforeAll(async () => {
  cluster = await borrowCluster({ crds: true })
})
afterAll(() => cluster.stop())

async function registry(name: string): Promise<string> {
  const metadata = { name, namespace: cluster.namespace }
  const spec = { url: 'https://registry.example' }
  await cluster.apply([{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'Registry', metadata, spec }])
  return `${cluster.namespace}/${name}`
}

async function newProxy(): Promise<FaultProxy> {
  const proxy = await startFaultProxy({ upstream: cluster.server, upstreamInsecure: true, tls: true })
  onTestFinished(() => proxy.stop())
  return proxy
}

async function startOperator(identity: string, server = cluster.server) {
  const kubeconfig = await cluster.operatorKubeconfig({ server })
  const child = spawn(process.execPath, [SCRIPT, kubeconfig, cluster.namespace, identity], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const said: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line))
  const hears = (message: string) => eventually(() => said.includes(message), { message })
  const url = async () => (await eventually(() => said.find((line) => line.startsWith('serving ')))).slice(8)
  return { child, exited, said, hears, url }
}

describe('an operator', () => {
  test('at SIGTERM ends what runs, begins nothing, sends its events, and lets go of the lease last', async () => {
    const proxy = await newProxy()
    const key = await registry('draining')
    const operator = await startOperator('draining', proxy.url)
    await operator.hears(`began ${key}`)
    operator.child.kill('SIGTERM')
    await registry('too-late')
    expect(await operator.exited).toEqual([0, null])
    expect(operator.said.slice(1)).toEqual(['leading', `began ${key}`, `ended ${key}`, 'stopped'])
    const writes = proxy.requests
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path}`)
    expect(writes.filter((write) => !write.includes('/leases'))).toEqual([
      `POST /apis/events.k8s.io/v1/namespaces/${cluster.namespace}/events`,
    ])
    expect(writes.at(-1)).toBe('PUT /apis/coordination.k8s.io/v1/namespaces/tallyman-system/leases/managed')
    const lease = await cluster.kubectl(['get', 'lease', 'managed', '-n', 'tallyman-system', '-o', 'json'])
    expect(JSON.parse(lease.stdout)).not.toHaveProperty('spec.holderIdentity', 'draining')
  })

  test('that stands by is ready and works on nothing, and takes over what is there when the leader goes', async () => {
    const key = await registry('handed-over')
    const leader = await startOperator('leader')
    await leader.hears(`began ${key}`)
    const standby = await startOperator('standby')
    const url = await standby.url()
    await eventually(async () => (await fetch(`${url}/readyz`)).status === 200)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'leader_election_master_status{name="managed"} 0',
    )
    expect(standby.said).toHaveLength(1)
    leader.child.kill('SIGTERM')
    await standby.hears(`ended ${key}`)
    expect(await leader.exited).toEqual([0, null])
    standby.child.kill('SIGTERM')
    expect(await standby.exited).toEqual([0, null])
  })

  test('waits for an API server that is away, listens meanwhile, and ends when told to', async () => {
    const proxy = await newProxy()
    proxy.rule({ kind: 'status', status: 503 })
    const operator = await startOperator('early', proxy.url)
    const url = await operator.url()
    expect((await fetch(`${url}/readyz`)).status).toBe(503)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    proxy.clear()
    await operator.hears('leading')
    operator.child.kill('SIGTERM')
    expect(await operator.exited).toEqual([0, null])
  })

  test('ends at once at the second signal', async () => {
    const key = await registry('impatient')
    const operator = await startOperator('impatient')
    await operator.hears(`began ${key}`)
    operator.child.kill('SIGINT')
    await eventually(async () => {
      operator.child.kill('SIGTERM')
      return operator.child.exitCode !== null
    })
    expect(await operator.exited).toEqual([1, null])
    expect(operator.said).not.toContain('stopped')
  })
})
