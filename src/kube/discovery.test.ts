import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { KubeClient } from '#kube/client.ts'
import { findResource } from '#kube/discovery.ts'
import { DEPLOYMENTS, NODES, PODS } from '#kube/resource.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { type ProxiedCluster, proxied } from '#test/harness/reflected.ts'

let cluster: TestCluster
let world: ProxiedCluster
let client: KubeClient

beforeAll(async () => {
  cluster = await borrowCluster()
  world = await proxied(cluster)
  client = new KubeClient(world.operator)
})

afterEach(() => world.proxy.clear())

afterAll(async () => {
  await world?.close()
  await cluster?.stop()
})

const ROLLOUT = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout' }

describe('finding the resource of a kind', () => {
  it.each([PODS, NODES, DEPLOYMENTS])('gives $plural as the API server has them', async (resource) => {
    const { group, version, kind, plural } = resource
    expect(await findResource(client, { group, version, kind })).toEqual(resource)
    expect(await findResource(client, { group, version, kind, plural })).toEqual(resource)
  })

  it.each([
    ['group', ROLLOUT],
    ['version', { group: 'apps', version: 'v9', kind: 'Deployment' }],
    ['kind', { group: 'apps', version: 'v1', kind: 'Rollout' }],
    ['resource of that name', { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'rollouts' }],
    ['kind, but a subresource of it', { group: 'apps', version: 'v1', kind: 'Scale' }],
  ])('gives nothing where there is no such %s', async (_what, wanted) => {
    expect(await findResource(client, wanted)).toBeUndefined()
  })

  it('finds a kind after it was installed', async () => {
    const { group, version, kind } = ROLLOUT
    expect(await findResource(client, ROLLOUT)).toBeUndefined()
    await cluster.apply([
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `rollouts.${group}` },
        spec: {
          group,
          scope: 'Namespaced',
          names: { plural: 'rollouts', kind },
          versions: [
            { name: version, served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
          ],
        },
      },
    ])
    const rollouts = { ...ROLLOUT, plural: 'rollouts', namespaced: true }
    await expect.poll(() => findResource(client, ROLLOUT), { timeout: 60_000 }).toEqual(rollouts)
  })

  it.each([403, 500, 503])('S05: does not take %i for a kind that is not there', async (status) => {
    world.proxy.rule({ kind: 'status', status })
    await expect(findResource(client, ROLLOUT)).rejects.toMatchObject({ details: { status } })
  })

  it('S05: does not take the 404 of a proxy for a kind that is not there', async () => {
    const notFound = { kind: 'status', status: 404, body: '404 page not found' } as const
    const undo = world.proxy.rule(notFound)
    await expect(findResource(client, ROLLOUT)).rejects.toMatchObject({ code: 'KUBE_NOT_FOUND' })
    undo()
    world.proxy.rule({ ...notFound, times: 2 })
    const pods = { group: '', version: 'v1', kind: 'Pod' }
    await expect(findResource(client, pods)).rejects.toMatchObject({ code: 'KUBE_NOT_FOUND' })
    const deployments = { group: 'apps', version: 'v1', kind: 'Deployment' }
    await expect(findResource(client, deployments)).rejects.toMatchObject({ code: 'KUBE_NOT_FOUND' })
  })

  it('S05: does not take an answer that is no list for an empty one', async () => {
    world.proxy.rule({ kind: 'status', status: 200, body: { kind: 'APIResourceList' } })
    await expect(findResource(client, ROLLOUT)).rejects.toMatchObject({ code: 'KUBE_SERVER_ERROR' })
  })
})
