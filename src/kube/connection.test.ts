import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { type ProxiedCluster, proxied } from '#test/harness/reflected.ts'
import { systemClock } from '#time/clock.ts'

const VERSION = { method: 'GET', path: '/version' } as const

let cluster: TestCluster
let world: ProxiedCluster
let opened: ClusterConnection[] = []

beforeAll(async () => {
  cluster = await borrowCluster()
  world = await proxied(cluster)
})

afterEach(async () => {
  world.proxy.clear()
  await Promise.all(opened.map((connection) => connection.close()))
  opened = []
})

afterAll(async () => {
  await world?.close()
  await cluster?.stop()
})

async function open(options: Parameters<typeof connect>[0]): Promise<ClusterConnection> {
  const connection = await connect(options)
  opened.push(connection)
  return connection
}

function kubeconfig(user: object): string {
  const data = Buffer.from(world.proxy.caPem ?? '').toString('base64')
  return stringify({
    'current-context': 'main',
    clusters: [{ name: 'c', cluster: { server: world.proxy.url, 'certificate-authority-data': data } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
  })
}

async function adminToken(): Promise<string> {
  const { stdout } = await cluster.kubectl(['create', 'token', 'tallyman', '--namespace', 'tallyman-system'])
  return stdout.trim()
}

describe('a connection to a cluster', () => {
  it('sends requests one after the other over the same two TCP connections', async () => {
    const connection = await open({
      kubeconfigText: kubeconfig({ token: await adminToken() }),
      clock: systemClock,
    })
    const before = world.proxy.connections
    for (let count = 0; count < 50; count += 1) await connection.request(VERSION)
    expect(world.proxy.connections - before).toBeLessThanOrEqual(2)
    expect([connection.name, connection.server]).toEqual(['main', world.proxy.url])
  })

  it('ends a request that takes too long, and one that its caller gives up', async () => {
    world.proxy.rule({ kind: 'halfOpen', at: 'request' })
    await expect(world.operator.request({ ...VERSION, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'KUBE_TIMEOUT',
    })
    await expect(world.operator.stream({ ...VERSION, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'KUBE_TIMEOUT',
    })
    const signal = AbortSignal.timeout(20)
    await expect(world.operator.request({ ...VERSION, signal })).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('reads no more of an answer than it may', async () => {
    const limited = world.operator.request({ ...VERSION, maxBytes: 10 })
    await expect(limited).rejects.toMatchObject({ code: 'KUBE_TOO_LARGE' })
  })

  it('S02: knows how far the clock of the server is from ours, from any answer', async () => {
    let ahead = 0
    const clock = { ...systemClock, now: () => systemClock.now() - ahead }
    const connection = await open({ kubeconfig: cluster.adminKubeconfig, clock })
    expect(connection.skewMs).toBeUndefined()
    await connection.request(VERSION)
    expect(Math.abs(connection.skewMs ?? Number.NaN)).toBeLessThan(60_000)
    ahead = 300_000
    await connection.request({ method: 'GET', path: '/api/v1/namespaces/none' }).catch(() => undefined)
    expect(Math.abs((connection.skewMs ?? Number.NaN) - ahead)).toBeLessThan(60_000)
    ahead = -300_000
    await connection.stream(VERSION)
    expect(Math.abs((connection.skewMs ?? Number.NaN) - ahead)).toBeLessThan(60_000)
  })

  it('says that the connection broke, also inside the answer', async () => {
    world.proxy.rule({ kind: 'cut', at: 'request', times: 1 })
    await expect(world.operator.request(VERSION)).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' })
    world.proxy.rule({ kind: 'cut', at: 'body', after: 5, times: 2 })
    await expect(world.operator.request(VERSION)).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' })
    const stream = await world.operator.stream(VERSION)
    const read = stream.read((chunk) => expect(chunk.length).toBeLessThan(6))
    await expect(read).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' })
  })

  it('understands a refusal in JSON and in protobuf', async () => {
    const missing = { method: 'GET', path: '/api/v1/namespaces/none' } as const
    const expected = { code: 'KUBE_NOT_FOUND', details: { status: 404, reason: 'NotFound' } }
    await expect(world.admin.request(missing)).rejects.toMatchObject(expected)
    const accept = 'application/vnd.kubernetes.protobuf'
    await expect(world.admin.request({ ...missing, accept })).rejects.toMatchObject(expected)
    const forbidden = world.operator.request({ method: 'GET', path: '/api/v1/secrets', accept })
    await expect(forbidden).rejects.toMatchObject({
      code: 'KUBE_FORBIDDEN',
      message: expect.stringContaining('cannot list resource "secrets"'),
    })
  })
})

describe('credentials', () => {
  it('are read again after 401, once, and not for every request that fails', async () => {
    const tokenFile = path.join(cluster.stateDir, 'token')
    const config = path.join(cluster.stateDir, 'token.kubeconfig')
    await writeFile(tokenFile, 'old')
    await writeFile(config, kubeconfig({ tokenFile: 'token' }))
    const refused = await open({ kubeconfig: config, clock: systemClock })
    const counter = world.proxy.counter()
    await expect(refused.request(VERSION)).rejects.toMatchObject({ code: 'KUBE_UNAUTHORIZED' })
    expect(counter.count).toBe(2)
    await expect(refused.request(VERSION)).rejects.toMatchObject({ code: 'KUBE_UNAUTHORIZED' })
    expect(counter.count).toBe(3)

    const renewed = await open({ kubeconfig: config, clock: systemClock })
    await writeFile(tokenFile, await adminToken())
    expect((await renewed.request(VERSION)).status).toBe(200)
    expect(counter.count).toBe(5)
  })

  it.each([
    ['a program', { exec: { command: 'true' } }, '"exec"'],
    ['a token file', { tokenFile: '/var/run/secrets/token' }, '"tokenFile"'],
    ['a key file', { 'client-key': 'key.pem' }, '"client-key"'],
    ['an auth provider', { 'auth-provider': { name: 'x' } }, '"auth-provider"'],
  ])('from a Secret may not name %s of ours', async (_what, user, field) => {
    const refused = connect({ kubeconfigText: kubeconfig(user), clock: systemClock })
    const message = expect.stringContaining(field)
    await expect(refused).rejects.toMatchObject({ code: 'KUBE_CONFIG_INVALID', message })
  })

  it.each([
    ['no YAML', { kubeconfigText: '{' }],
    ['a text that is no mapping', { kubeconfigText: 'hello' }],
    ['no context', { kubeconfigText: 'clusters: []' }],
    ['a file that does not exist', { kubeconfig: 'does/not/exist' }],
  ])('that cannot be used are refused: %s', async (_what, source) => {
    await expect(connect({ ...source, clock: systemClock })).rejects.toMatchObject({
      code: 'KUBE_CONFIG_INVALID',
    })
  })

  it('name the contexts there are when the wanted one is not', async () => {
    const refused = connect({ kubeconfigText: kubeconfig({}), context: 'other', clock: systemClock })
    await expect(refused).rejects.toThrow('no usable context other; it has: main')
  })
})
