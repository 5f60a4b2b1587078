import { mkdir, mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { IN_CLUSTER } from '#kube/in-cluster.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { createAuthority } from '#test/harness/tls.ts'
import { systemClock } from '#time/clock.ts'

const VERSION = { method: 'GET', path: '/version' } as const

let cluster: TestCluster
/** Stands for the root of the pod's file system. */
let root: string
let folder: string
let connection: ClusterConnection | undefined

beforeAll(async () => {
  cluster = await borrowCluster()
  await cluster.operatorKubeconfig()
})
afterAll(() => cluster.stop())

beforeEach(async () => {
  root = await mkdtemp(path.join(cluster.stateDir, 'pod-'))
  folder = path.join(root, 'var/run/secrets/kubernetes.io/serviceaccount')
  const { hostname, port } = new URL(cluster.server)
  vi.stubEnv('KUBECONFIG', undefined)
  vi.stubEnv('HOME', root)
  vi.stubEnv('TELEPRESENCE_ROOT', root)
  vi.stubEnv('KUBERNETES_SERVICE_HOST', hostname)
  vi.stubEnv('KUBERNETES_SERVICE_PORT', port)
})
afterEach(async () => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  await connection?.close()
  connection = undefined
  await rm(root, { recursive: true })
})

/** Each file takes the place of the one before in one step, as the kubelet does it. */
async function mount(files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(folder, '..new'), content)
    await rename(path.join(folder, '..new'), path.join(folder, name))
  }
}

async function token(account = 'tallyman'): Promise<string> {
  const { stdout } = await cluster.kubectl(['create', 'token', account, '--namespace', 'tallyman-system'])
  return stdout.trim()
}

const caPem = () => cluster.caPem ?? ''

async function open(): Promise<ClusterConnection> {
  connection = await connect({ clock: systemClock })
  return connection
}

/** Who the API server takes us for. */
async function whoami(opened: ClusterConnection): Promise<string> {
  const api = 'authentication.k8s.io/v1'
  const body = { apiVersion: api, kind: 'SelfSubjectReview' }
  const answer = await opened.request({ method: 'POST', path: `/apis/${api}/selfsubjectreviews`, body })
  const review: { status: { userInfo: { username: string } } } = JSON.parse(
    Buffer.from(answer.body).toString(),
  )
  return review.status.userInfo.username
}

const accountName = (name: string) => `system:serviceaccount:tallyman-system:${name}`

describe('a pod without a kubeconfig', () => {
  test('speaks to its own cluster as its ServiceAccount', async () => {
    await mount({ token: `${await token()}\n`, 'ca.crt': caPem(), namespace: 'tallyman-system' })
    const opened = await open()
    expect([opened.name, opened.server]).toEqual([IN_CLUSTER, cluster.server])
    expect(await whoami(opened)).toBe(accountName('tallyman'))
  })

  test('takes a token that the kubelet has renewed at once where the old one is refused, without a restart', async () => {
    await mount({ token: 'expired', 'ca.crt': caPem() })
    const opened = await open()
    await mount({ token: await token() })
    expect(await whoami(opened)).toBe(accountName('tallyman'))
  })

  test('takes it within a minute where the old one is still good', async () => {
    await mount({ token: await token(), 'ca.crt': caPem() })
    const opened = await open()
    await cluster.kubectl(['create', 'serviceaccount', 'renewed', '--namespace', 'tallyman-system'])
    await mount({ token: await token('renewed') })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    expect(await whoami(opened)).toBe(accountName('renewed'))
  })

  test('trusts a CA that was renewed, and no API server that its CA did not sign', async () => {
    const { caPem: other } = await createAuthority('Somebody else')
    await mount({ token: await token(), 'ca.crt': other })
    const opened = await open()
    await expect(opened.request(VERSION)).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' })
    await mount({ 'ca.crt': `${other}${caPem()}` })
    expect((await opened.request(VERSION)).status).toBe(200)
  })

  test.each([
    [
      'no token',
      { 'ca.crt': 'x' },
      /Cannot read .*\/serviceaccount\/token \(ENOENT\)\. .*automountServiceAccountToken/,
    ],
    ['an empty token', { token: '\n', 'ca.crt': 'x' }, /serviceaccount\/token is empty/],
    [
      'no CA',
      { token: 'x' },
      /Cannot read .*\/serviceaccount\/ca\.crt \(ENOENT\)\. .*automountServiceAccountToken/,
    ],
    ['a CA that is none', { token: 'x', 'ca.crt': 'x' }, /serviceaccount\/ca\.crt holds no certificate/],
  ])('and with %s is told which file and what to do', async (_what, files, message) => {
    await mount(files)
    await expect(open()).rejects.toMatchObject({
      code: 'KUBE_CONFIG_INVALID',
      message: expect.stringMatching(message),
    })
  })

  test('is told which file is gone when its token vanishes later', async () => {
    await mount({ token: await token(), 'ca.crt': caPem() })
    const opened = await open()
    await unlink(path.join(folder, 'token'))
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    await expect(opened.request(VERSION)).rejects.toMatchObject({
      code: 'KUBE_UNAUTHORIZED',
      message: expect.stringContaining('serviceaccount/token'),
    })
  })

  test.each(['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT'])('is one only with %s', async (name) => {
    await mount({ token: 'x', 'ca.crt': caPem() })
    vi.stubEnv(name, undefined)
    await expect(open()).rejects.toMatchObject({
      code: 'KUBE_CONFIG_INVALID',
      message: expect.stringContaining('There is no kubeconfig, and this is no pod'),
    })
  })

  test.each([
    ['an IPv6 address', 'fd00::1', '443', 'https://[fd00::1]:443'],
    ['a port that others use for plain HTTP', '10.96.0.1', '8080', 'https://10.96.0.1:8080'],
  ])('reaches an API server at %s by TLS', async (_what, host, port, server) => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', host)
    vi.stubEnv('KUBERNETES_SERVICE_PORT', port)
    await mount({ token: 'x', 'ca.crt': caPem() })
    expect((await open()).server).toBe(server)
  })
})
