import path from 'node:path'
import { expect, test } from 'vitest'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { processesNaming } from '#test/harness/process-list.ts'
import { ROLLOUT_CRD } from '#test/harness/rollout-crd.ts'

const names = (text: string) => text.trim().split(/\s+/).filter(Boolean)

test('what one file left is gone for the next, which finds the same API server', async () => {
  const first = await borrowCluster()
  const namespaces = ['get', 'namespaces', '-o', 'name']
  const before = names((await first.kubectl(namespaces)).stdout)
  await first.kubectl(['create', 'namespace', 'other'])
  await first.kubectl(['create', 'configmap', 'left', '-n', 'other'])
  await first.kubectl(['create', 'configmap', 'left', '-n', first.namespace])
  await first.kubectl(['create', 'clusterrole', 'left', '--verb=get', '--resource=pods'])
  await first.stop()

  const second = await borrowCluster()
  expect(second.server).toBe(first.server)
  expect(second.stateDir).not.toBe(first.stateDir)
  expect(names((await second.kubectl(namespaces)).stdout)).toEqual(before)
  for (const what of [['configmaps', '-A'], ['clusterroles']]) {
    const { stdout } = await second.kubectl(['get', ...what, '-o', 'name'])
    expect(names(stdout)).not.toContain(expect.stringMatching(/\/left$/))
  }
  await second.kubectl(['create', 'configmap', 'left', '-n', second.namespace])
  await second.stop()
})

test('two at once are two, of which one waits for the next file', async () => {
  const [one, other] = await Promise.all([borrowCluster(), borrowCluster()])
  expect(one.server).not.toBe(other.server)
  await one.stop()
  await other.stop()
  expect(await processesNaming(path.dirname(other.adminKubeconfig))).toEqual([])
  const next = await borrowCluster()
  expect(next.server).toBe(one.server)
  await next.stop()
})

test.each([
  ['its API server was stopped', async (cluster) => cluster.stopApiServer()],
  [
    'something was changed that had been there',
    async (cluster) => {
      await cluster.kubectl(['label', 'namespace', 'default', 'changed=yes'])
    },
  ],
  [
    'something has gone that had been there',
    async (cluster) => {
      await cluster.kubectl(['delete', 'clusterrole', 'view'])
    },
  ],
  [
    'a kind was added',
    async (cluster) => {
      await cluster.apply([ROLLOUT_CRD])
    },
  ],
] satisfies [string, (cluster: TestCluster) => Promise<void>][])(
  'it is not lent again where %s',
  async (_, spoil) => {
    const cluster = await borrowCluster()
    const { adminKubeconfig } = cluster
    await spoil(cluster)
    await cluster.stop()
    expect(await processesNaming(path.dirname(adminKubeconfig))).toEqual([])
  },
)
