import { afterAll, beforeAll, expect, test } from 'vitest'
import { conditionText, findingsOf, settled } from '#test/e2e/support/api.ts'
import { registry, registryCheck } from '#test/e2e/support/objects.ts'
import { startWorld, type World } from '#test/e2e/support/world.ts'
import { damage } from '#test/harness/damage.ts'
import { containerImage } from '#test/harness/images.ts'
import { startNode, type TestNode } from '#test/harness/node.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { deletePods, deployment, PULL_FAILED, RUNNING, untilPod } from './support/workload.ts'

const HOST = 'shop.example.com'

let world: World
let main: TestRegistry
let mirror: TestRegistry
let node: TestNode
let namespace: string

const startOwnNode = () => startNode(world.cluster, { registries: [{ host: HOST, url: main.url }] })

beforeAll(async () => {
  ;[world, main, mirror] = await Promise.all([
    startWorld({ controllers: true }),
    startRegistry({ version: '2.8' }),
    startRegistry({ version: '3' }),
  ])
  const image = containerImage({ seed: 'shop', runnable: true })
  for (const { storageDir } of [main, mirror]) new StorageWriter(storageDir).write('web', image, '1')
  node = await startOwnNode()
  namespace = await world.namespace('story')
})
afterAll(async () => {
  await node?.stop()
  await world?.stop()
  await Promise.all([main?.stop(), mirror?.stop()])
})

const in_ = (name: string) => ({ namespace, name })

const becomes = (state: RegExp) => untilPod(world.cluster, in_('web'), state)

/** Runs the check until it found what `wanted` says; its first finding. */
function found(wanted: object) {
  return eventually(
    async () => {
      const [finding] = (await world.api.run(in_('shop'))).status?.findings ?? []
      expect(finding).toMatchObject(wanted)
      return finding
    },
    { timeoutMs: 60_000, intervalMs: 500 },
  )
}

test('what a check finds is what the next node cannot pull, and what a repair brings back', {
  timeout: 240_000,
}, async () => {
  await world.cluster.apply([
    deployment(in_('web'), `${HOST}/web:1`),
    registry(in_('main'), { url: main.url, aliases: [{ host: HOST }] }),
    registry(in_('mirror'), { url: mirror.url }),
    registryCheck(in_('shop'), { interval: '1h' }),
  ])
  await becomes(RUNNING)
  const healthy = await settled(() => world.api.check(in_('shop')), { Healthy: 'True AllHealthy' })
  expect(healthy.status?.images).toMatchObject({ total: 1, healthy: 1 })

  damage('layer-missing', { storageDir: main.storageDir, repository: 'web', reference: '1' })
  const user = `local/${namespace}/Deployment/web`
  await found({ code: 'LayerMissing', pods: 1, cachedOnNodes: 1, usedBy: expect.arrayContaining([user]) })
  // It is kept a moment after the status that speaks of it.
  const report = await eventually(
    async () => {
      const answer = await fetch(`${world.operatorUrl}/reports/${namespace}/shop/report.json`)
      return answer.ok ? await answer.json() : undefined
    },
    { message: 'the report of the check' },
  )
  const here = [`local/${node.name}`]
  expect(report).toMatchObject({
    findings: [{ nodes: { runs: here, ran: [], caches: here, cachingCount: 1 } }],
  })
  // Nobody would notice yet: the node has the image.
  await deletePods(world.cluster, in_('web'))
  await becomes(RUNNING)

  await node.stop()
  node = await startOwnNode()
  await deletePods(world.cluster, in_('web'))
  await becomes(PULL_FAILED)
  await found({ code: 'LayerMissing', pullFailures: 1 })

  await world.api.run(in_('shop'), { spec: { repair: { fromRef: { name: 'mirror' }, mode: 'Copy' } } })
  const repaired = await settled(() => world.api.check(in_('shop')), { Healthy: 'True AllHealthy' })
  expect(findingsOf(repaired)).toEqual([])
  expect(conditionText(repaired.status?.conditions ?? [], 'Ready')).toBe('True Succeeded')
  await deletePods(world.cluster, in_('web'))
  await becomes(RUNNING)
})
