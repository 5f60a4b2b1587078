import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { IN_CLUSTER } from '#kube/kubeconfig.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { createAuthority } from '#test/harness/tls.ts'
import { systemClock } from '#time/clock.ts'

const PODS = { method: 'GET', path: '/api/v1/namespaces/tallyman-system/serviceaccounts' } as const
const SELF = { method: 'GET', path: '/version' } as const

let cluster: TestCluster
/** Stands for the root of the pod's file system. */
let root: string
let connection: ClusterConnection | undefined

beforeAll(async () => {
  cluster = await startCluster({ controllers: false, crds: true })
  await cluster.operatorKubeconfig()
})
afterAll(() => cluster.stop())

beforeEach(async () => {
  root = await mkdtemp(path.join(cluster.stateDir, 'pod-'))
  const { hostname, port } = new URL(cluster.server)
  vi.stubEnv('KUBECONFIG', undefined)
  vi.stubEnv('HOME', root)
  vi.stubEnv('KUBERNETES_SERVICE_HOST', hostname)
  vi.stubEnv('KUBERNETES_SERVICE_PORT', port)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await connection?.close()
  connection = undefined
  await rm(root, { recursive: true })
})

async function mount(files: Readonly<Record<string, string>>): Promise<void> {
  const folder = path.join(root, 'var/run/secrets/kubernetes.io/serviceaccount')
  await mkdir(folder, { recursive: true })
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content)
}

async function token(): Promise<string> {
  const { stdout } = await cluster.kubectl(['create', 'token', 'tallyman', '--namespace', 'tallyman-system'])
  return stdout.trim()
}

async function open(): Promise<ClusterConnection> {
  connection = await connect({ root, clock: systemClock })
  return connection
}

describe('a pod without a kubeconfig', () => {
  const caPem = () => cluster.caPem ?? ''

  test('speaks to its own cluster as its ServiceAccount', async () => {
    await mount({ token: await token(), 'ca.crt': caPem(), namespace: 'tallyman-system' })
    const opened = await open()
    expect([opened.name, opened.server]).toEqual([IN_CLUSTER, cluster.server])
    expect((await opened.request(SELF)).status).toBe(200)
    const message = expect.stringContaining('system:serviceaccount:tallyman-system:tallyman')
    await expect(opened.request(PODS)).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN', message })
  })

  test('reads the token that the kubelet has renewed as soon as the old one is refused, without a restart', async () => {
    await mount({ token: 'expired', 'ca.crt': caPem() })
    const opened = await open()
    await mount({ token: await token() })
    expect((await opened.request(SELF)).status).toBe(200)
  })

  test('trusts no API server that its CA did not sign', async () => {
    const { caPem: other } = await createAuthority('Somebody else')
    await mount({ token: await token(), 'ca.crt': other })
    await expect((await open()).request(SELF)).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' })
  })

  test.each([
    ['a token', { 'ca.crt': '' }, 'neither a kubeconfig nor a ServiceAccount'],
    ['a CA', { token: 'x' }, 'serviceaccount/ca.crt'],
  ])('and without %s is told so', async (_what, files, message) => {
    await mount(files)
    await expect(open()).rejects.toMatchObject({
      code: 'KUBE_CONFIG_INVALID',
      message: expect.stringContaining(message),
    })
  })

  test('names an API server by its IPv6 address', async () => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', 'fd00::1')
    await mount({ token: 'x', 'ca.crt': caPem() })
    expect((await open()).server).toMatch(/^https:\/\/\[fd00::1\]:\d+$/)
  })
})
