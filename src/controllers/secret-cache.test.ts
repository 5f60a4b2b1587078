import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { SecretCache } from '#controllers/secret-cache.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { basicAuthSecret, credentialsBinding } from '#test/e2e/support/objects.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { systemClock } from '#time/clock.ts'

const FOR_EVER = new AbortController().signal

let cluster: TestCluster
let proxy: FaultProxy
let connection: ClusterConnection

beforeAll(async () => {
  cluster = await borrowCluster()
  proxy = await startFaultProxy({ upstream: cluster.server, upstreamInsecure: true, tls: true })
  const kubeconfig = await cluster.operatorKubeconfig({ server: proxy.url })
  connection = await connect({ kubeconfig, clock: systemClock })
  const { namespace } = cluster
  await cluster.apply([
    credentialsBinding(namespace),
    ...['one', 'two'].map((name) => basicAuthSecret({ namespace, name }, name, 'password')),
  ])
})

afterAll(async () => {
  await connection.close()
  await proxy.stop()
  await cluster.stop()
})

beforeEach(() => proxy.clear())

function newCache() {
  const clock = new FakeClock()
  const cache = new SecretCache(new KubeClient(connection), clock)
  const asked = proxy.counter({ path: /\/secrets\// })
  const read = async (name: string, signal: AbortSignal = FOR_EVER) => {
    const { data } = await cache.read('Secret', { namespace: cluster.namespace, name }, signal)
    return data.get('username')?.toString()
  }
  return { cache, clock, read, asked }
}

describe('a cache of Secrets', () => {
  test('asks once for who reads at the same time, and again after a minute or a refresh', async () => {
    const { cache, clock, read, asked } = newCache()
    expect(await Promise.all([read('one'), read('one'), read('one')])).toEqual(['one', 'one', 'one'])
    expect(await read('one')).toBe('one')
    expect(asked.count).toBe(1)
    await clock.advance(66_001)
    await read('one')
    expect(asked.count).toBe(2)
    cache.refresh(cluster.namespace)
    await read('one')
    expect(asked.count).toBe(3)
  })

  test('lets a caller go whose work was cancelled, and gives the others what they asked for', async () => {
    const { read, asked } = newCache()
    const held = proxy.hold({ path: /\/secrets\/one$/ })
    const superseded = new AbortController()
    const first = read('one', superseded.signal)
    const second = read('one')
    await held.arrived
    superseded.abort(new TallymanError('CANCELLED', 'ns/main has changed'))
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED', message: 'ns/main has changed' })
    held.release()
    expect(await second).toBe('one')
    expect(asked.count).toBe(1)
  })

  test('keeps no failure, and drops what has expired also where nobody reads it any more', async () => {
    const { cache, clock, read } = newCache()
    await expect(read('none')).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND' })
    expect(cache.size).toBe(0)
    await read('one')
    await clock.advance(66_001)
    await read('two')
    expect(cache.size).toBe(1)
  })
})
