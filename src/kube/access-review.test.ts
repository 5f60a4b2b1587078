import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reviewAccess } from '#kube/access-review.ts'
import { KubeClient } from '#kube/client.ts'
import { readClusterIdentity } from '#kube/cluster-identity.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { NAMESPACES, PODS, SECRETS } from '#kube/resource.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { kubeconfig } from '#test/harness/cluster/kubeconfig.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { type ProxiedCluster, proxied } from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'

const VERBS = ['list', 'watch']

let cluster: TestCluster
let world: ProxiedCluster
let operator: KubeClient

beforeAll(async () => {
  cluster = await borrowCluster()
  world = await proxied(cluster)
  operator = new KubeClient(world.operator)
})

afterAll(async () => {
  await world?.close()
  await cluster?.stop()
})

async function grant(resource: string, verbs: string, namespace?: string): Promise<void> {
  const name = `test-${resource}-${verbs.replaceAll(',', '-')}`
  const [kind, where] = namespace === undefined ? ['clusterrole', []] : ['role', ['--namespace', namespace]]
  await cluster.kubectl(['create', kind, name, '--resource', resource, '--verb', verbs, ...where])
  const subject = ['--serviceaccount', 'tallyman-system:tallyman']
  await cluster.kubectl(['create', `${kind}binding`, name, `--${kind}`, name, ...subject, ...where])
}

/** A connection as a ServiceAccount without any right. */
async function unprivileged(): Promise<ClusterConnection> {
  await cluster.kubectl(['create', 'serviceaccount', 'bare', '--namespace', cluster.namespace])
  const { stdout } = await cluster.kubectl(['create', 'token', 'bare', '--namespace', cluster.namespace])
  const { server, caPem } = cluster
  const kubeconfigText = kubeconfig({ server, caPem, user: 'bare', token: stdout.trim() })
  return await connect({ kubeconfigText, clock: systemClock })
}

describe('reviewing our own access', () => {
  it('S05: says what may be done in the whole cluster', async () => {
    const allowed = { allowed: true, missing: [], reason: '' }
    expect(await reviewAccess(world.client, { resource: SECRETS, verbs: VERBS })).toEqual(allowed)
    expect(await reviewAccess(operator, { resource: PODS, verbs: VERBS })).toMatchObject({ allowed: true })
    expect(await reviewAccess(operator, { resource: SECRETS, verbs: VERBS })).toMatchObject({
      allowed: false,
      missing: VERBS,
    })
  })

  it('S05: names each verb that is missing, and no right in one namespace counts for all', async () => {
    const resource = { ...SECRETS, plural: 'endpoints', kind: 'Endpoints' }
    const { namespace } = cluster
    await grant('endpoints', 'list,watch', namespace)
    await eventually(
      async () => (await reviewAccess(operator, { resource, namespace, verbs: VERBS })).allowed,
    )
    expect(await reviewAccess(operator, { resource, verbs: VERBS })).toMatchObject({ missing: VERBS })
    await grant('endpoints', 'list')
    await eventually(async () => {
      const { allowed, missing } = await reviewAccess(operator, { resource, verbs: VERBS })
      return !allowed && missing.join() === 'watch'
    })
  })

  it('S05: a right to some objects by name is none', async () => {
    const resource = { ...SECRETS, plural: 'limitranges', kind: 'LimitRange' }
    const rule = ['--resource', 'limitranges', '--verb', 'list,watch', '--resource-name', 'one']
    await cluster.kubectl(['create', 'clusterrole', 'test-named', ...rule])
    const subject = ['--serviceaccount', 'tallyman-system:tallyman']
    await cluster.kubectl([
      'create',
      'clusterrolebinding',
      'test-named',
      '--clusterrole',
      'test-named',
      ...subject,
    ])
    // Granted after the other, so known after it.
    await grant('podtemplates', 'list,watch')
    const known = { ...SECRETS, plural: 'podtemplates', kind: 'PodTemplate' }
    await eventually(async () => (await reviewAccess(operator, { resource: known, verbs: VERBS })).allowed)
    expect(await reviewAccess(operator, { resource, verbs: VERBS })).toMatchObject({ missing: VERBS })
  })

  it('says when it could not be made', async () => {
    const undo = world.proxy.rule({ kind: 'status', status: 500 })
    const review = reviewAccess(operator, { resource: PODS, verbs: VERBS })
    await expect(review).rejects.toMatchObject({ code: 'KUBE_SERVER_ERROR' })
    undo()
  })
})

describe('the identity of a cluster', () => {
  it('S05: is the UID of the namespace kube-system', async () => {
    const { metadata } = await world.client.get<{ metadata: { uid: string } }>(NAMESPACES, {
      name: 'kube-system',
    })
    const identity = await eventually(() => readClusterIdentity(world.client))
    expect(identity).toBe(metadata.uid)
    expect(identity).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('S05: is unknown where it may not be read or the answer is none', async () => {
    const bare = await unprivileged()
    const refused = readClusterIdentity(new KubeClient(bare))
    await expect(refused).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN' })
    await bare.close()
    const undo = world.proxy.rule({ kind: 'status', status: 200, body: {} })
    await expect(readClusterIdentity(operator)).rejects.toMatchObject({ code: 'KUBE_SERVER_ERROR' })
    undo()
  })
})
