import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { KubeObject } from '#kube/objects.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { contextsKubeconfig } from '#test/harness/cluster/contexts.ts'
import { kubeconfig } from '#test/harness/cluster/kubeconfig.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { namespace, type Place, pod } from './objects.ts'

/** Runs in prod, and is named in staging. */
export const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
/** In the cache of a node of prod. */
export const CACHED = `sha256:${'fedcba9876543210'.repeat(4)}`

/** What prod uses, as a kubelet would pull it. */
export const IN_PROD = [
  'docker.io/library/nginx:1.25',
  'registry.local/Not Legal',
  'registry.local/cached:1',
  `registry.local/cached@${CACHED}`,
  'registry.local/finished-lately:1',
]
/** What staging uses besides. */
export const IN_STAGING = `docker.io/library/nginx:1.25@${DIGEST}`

const DAY_MS = 86_400_000

/** Two clusters, and kubeconfigs that name them. */
export interface TwoClusters {
  readonly prod: TestCluster
  /** Contexts prod (the current one), prod-again, staging. */
  readonly reachable: string
  /** The same and gone, where nobody listens. */
  readonly withGone: string
  /** Contexts prod, and slow: staging through `proxy`. */
  readonly withSlow: string
  readonly proxy: FaultProxy
  /** A kubeconfig of a ServiceAccount in prod that may do what `rules` of a ClusterRole say. */
  limited(name: string, rules: readonly object[]): Promise<string>
  stop(): Promise<void>
}

export async function startTwoClusters(): Promise<TwoClusters> {
  const [prod, staging] = await Promise.all([borrowCluster({ crds: true }), borrowCluster()])
  const proxy = await startFaultProxy({
    upstream: staging.server,
    tls: true,
    ...(staging.caPem === undefined ? { upstreamInsecure: true } : { upstreamCa: staging.caPem }),
  })
  await Promise.all([fillProd(prod), fillStaging(staging)])
  const files = path.join(prod.stateDir, 'contexts')
  await mkdir(files)
  const stored = async (name: string, text: string) => {
    const file = path.join(files, name)
    await writeFile(file, text, { mode: 0o600 })
    return file
  }
  const direct = {
    prod: prod.adminKubeconfig,
    'prod-again': prod.adminKubeconfig,
    staging: staging.adminKubeconfig,
  }
  const gone = kubeconfig({ server: 'https://127.0.0.1:1', user: 'nobody', token: 'none' })
  const slow = kubeconfig({
    ...{ server: proxy.url, caPem: proxy.caPem, user: 'admin' },
    token: await adminToken(staging),
  })
  const withGone = { ...direct, gone: await stored('gone', gone) }
  const withSlow = { prod: prod.adminKubeconfig, slow: await stored('slow', slow) }
  return {
    prod,
    proxy,
    reachable: await stored('reachable', await contextsKubeconfig(direct)),
    withGone: await stored('with-gone', await contextsKubeconfig(withGone)),
    withSlow: await stored('with-slow', await contextsKubeconfig(withSlow)),
    limited: async (name, rules) => {
      const token = await serviceAccountToken(prod, name, rules)
      const { server, caPem } = prod
      return await stored(name, kubeconfig({ server, caPem, user: name, token }))
    },
    stop: async () => {
      await proxy.stop()
      await Promise.all([prod.stop(), staging.stop()])
    },
  }
}

async function fillProd(prod: TestCluster): Promise<void> {
  const shop = (name: string) => ({ namespace: 'shop', name })
  await prod.apply([namespace('shop'), namespace('tallyman-system')])
  await prod.apply([
    deployment(shop('web'), 'nginx:1.25'),
    ownedPod(shop('web-7bfb4bc78d-aaaaa'), 'nginx:1.25'),
    ownedPod(shop('web-7bfb4bc78d-bbbbb'), 'nginx:1.25'),
    pod(shop('odd'), 'registry.local/Not Legal'),
    pod(shop('late'), 'registry.local/finished-lately:1'),
    pod(shop('old'), 'registry.local/finished-long-ago:1'),
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'worker-1' } },
  ])
  const running = { imageID: `docker.io/library/nginx@${DIGEST}`, state: { running: {} } }
  await podStatus(prod, 'web-7bfb4bc78d-aaaaa', 'Running', running)
  await podStatus(prod, 'web-7bfb4bc78d-bbbbb', 'Pending', {
    state: { waiting: { reason: 'ImagePullBackOff' } },
  })
  await podStatus(prod, 'late', 'Succeeded', finished(30))
  await podStatus(prod, 'old', 'Succeeded', finished(32))
  await patchStatus(prod, ['node', 'worker-1'], {
    images: [{ names: [`registry.local/cached@${CACHED}`, 'registry.local/cached:1'], sizeBytes: 1 }],
  })
}

async function fillStaging(staging: TestCluster): Promise<void> {
  await staging.apply([namespace('shop')])
  await staging.apply([deployment({ namespace: 'shop', name: 'web' }, IN_STAGING)])
}

/** Without replicas: its template counts all the same. */
function deployment(metadata: Place, image: string): object {
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image }] } }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { replicas: 0, selector: { matchLabels: labels }, template },
  }
}

/** A pod as a ReplicaSet of Deployment web makes it. */
function ownedPod(place: Place, image: string): KubeObject {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7bfb4bc78d', controller: true }
  const ownerReferences = [{ ...owner, uid: '0a0a0a0a-0000-4000-8000-000000000000' }]
  return { ...pod(place, image), metadata: { ...place, ownerReferences } }
}

function finished(daysAgo: number): object {
  const finishedAt = new Date(Date.now() - daysAgo * DAY_MS).toISOString()
  return { state: { terminated: { exitCode: 0, finishedAt } } }
}

async function podStatus(cluster: TestCluster, name: string, phase: string, container: object) {
  const common = { name: 'app', image: 'as-reported', imageID: '', ready: false, restartCount: 0 }
  const containerStatuses = [{ ...common, ...container }]
  await patchStatus(cluster, ['pod', name, '--namespace', 'shop'], { phase, containerStatuses })
}

async function patchStatus(cluster: TestCluster, object: readonly string[], status: object): Promise<void> {
  const patch = ['--subresource', 'status', '--type', 'merge', '--patch', JSON.stringify({ status })]
  await cluster.kubectl(['patch', ...object, ...patch])
}

async function serviceAccountToken(
  cluster: TestCluster,
  name: string,
  rules: readonly object[],
): Promise<string> {
  const apiGroup = 'rbac.authorization.k8s.io'
  const subjects = [{ kind: 'ServiceAccount', name, namespace: 'shop' }]
  await cluster.apply([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'shop' } },
    { apiVersion: `${apiGroup}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    {
      ...{ apiVersion: `${apiGroup}/v1`, kind: 'ClusterRoleBinding', metadata: { name }, subjects },
      roleRef: { apiGroup, kind: 'ClusterRole', name },
    },
  ])
  const { stdout } = await cluster.kubectl(['create', 'token', name, '--namespace', 'shop'])
  return stdout.trim()
}

async function adminToken(cluster: TestCluster): Promise<string> {
  const args = ['config', 'view', '--raw', '--output', 'jsonpath={.users[0].user.token}']
  const { stdout } = await cluster.kubectl(args)
  return stdout.trim()
}
