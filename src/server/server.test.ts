import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { TallymanError } from '#catalogue/error.ts'
import { Controller } from '#runtime/controller.ts'
import { Metrics } from '#runtime/metrics.ts'
import type { Cache } from '#runtime/resource-watch.ts'
import { DONE, type Result } from '#runtime/result.ts'
import { cachesSynced, inventoriesSeen, watchesLive, workersLive } from '#server/probes.ts'
import { ReportRoutes } from '#server/report-routes.ts'
import { Server } from '#server/server.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { systemClock } from '#time/clock.ts'

interface CacheSwitch extends Cache {
  synced: boolean
  state: {
    phase: 'waiting' | 'listing' | 'watching'
    since: number
    lastByteAt?: number
    lastError?: TallymanError
  }
}

function newCache(name: string): CacheSwitch {
  return {
    name,
    synced: false,
    state: { phase: 'watching', since: 0 },
    start: () => undefined,
    stop: () => Promise.resolve(),
    whenSynced: () => Promise.resolve(),
  }
}

async function setUp() {
  const clock = new FakeClock()
  const metrics = new Metrics()
  const caches = [newCache('registries'), newCache('pods')]
  const unseen: string[] = []
  const controller = new Controller({
    name: 'check',
    clock,
    log: pino({ level: 'silent' }),
    metrics,
    timeoutMs: 60_000,
    keys: () => [],
    reconcile: () => new Promise<Result>((resolve) => clock.schedule(600_000, () => resolve(DONE))),
  })
  const server = new Server({
    host: '127.0.0.1',
    port: 0,
    live: [workersLive([controller]), watchesLive(() => caches, clock)],
    ready: [cachesSynced(caches), inventoriesSeen(caches, () => unseen, clock)],
    metrics,
    routes: [new ReportRoutes({ check: () => undefined, defaultCheck: undefined }, systemClock)],
  })
  await server.start()
  onTestFinished(async () => {
    await server.stop()
    metrics.close()
  })
  const ask = async (path: string) => {
    const response = await fetch(`${server.url}${path}`)
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
    }
  }
  return { clock, caches, unseen, controller, server, ask }
}

describe('the server', () => {
  test('is ready when every cache is complete, and names those that are not', async () => {
    const { caches, ask } = await setUp()
    expect(await ask('/readyz')).toMatchObject({
      status: 503,
      text: '[-]caches: not synced: registries, pods\n[-]inventories: not known yet\n',
    })
    for (const cache of caches) cache.synced = true
    expect(await ask('/readyz')).toMatchObject({ status: 200, text: '[+]caches ok\n[+]inventories ok\n' })
  })

  test('is ready when the inventories were looked at once; one that comes later changes nothing', async () => {
    const { caches, unseen, ask } = await setUp()
    unseen.push('team/all', 'team/all')
    for (const cache of caches) cache.synced = true
    expect(await ask('/readyz')).toMatchObject({
      status: 503,
      text: '[+]caches ok\n[-]inventories: not looked at yet: team/all\n',
    })
    unseen.length = 0
    expect((await ask('/readyz')).status).toBe(200)
    unseen.push('team/new')
    expect((await ask('/readyz')).status).toBe(200)
  })

  test('is not kept from being ready for ever by an inventory', async () => {
    const { clock, caches, unseen, ask } = await setUp()
    unseen.push('team/never')
    await clock.advance(600_000)
    for (const cache of caches) cache.synced = true
    expect((await ask('/readyz')).status).toBe(503)
    await clock.advance(120_001)
    expect((await ask('/readyz')).status).toBe(200)
  })

  test('is live while an outage keeps the caches incomplete, as long as the watches try', async () => {
    const { clock, caches, ask } = await setUp()
    for (let minute = 0; minute < 60; minute += 1) {
      for (const cache of caches) cache.state = { phase: 'waiting', since: clock.now() }
      await clock.advance(60_000)
      expect((await ask('/healthz')).status).toBe(200)
    }
  })

  test('is live while a list takes an hour, as long as bytes arrive', async () => {
    const { clock, caches, ask } = await setUp()
    const since = clock.now()
    for (let minute = 0; minute < 60; minute += 1) {
      for (const cache of caches) cache.state = { phase: 'listing', since, lastByteAt: clock.now() }
      await clock.advance(60_000)
      expect((await ask('/healthz')).status).toBe(200)
    }
  })

  test('judges the watches that there are now, each since it was seen first', async () => {
    const { clock, caches, ask } = await setUp()
    await ask('/healthz')
    const [registries, pods] = caches.splice(0)
    await clock.advance(15 * 60_000 + 1)
    expect((await ask('/healthz')).status).toBe(200)
    if (registries !== undefined && pods !== undefined) caches.push(registries, pods)
    expect((await ask('/healthz')).status).toBe(200)
  })

  test('is no longer live when a watch loop has stopped turning, whatever the wall clock says', async () => {
    const { clock, ask } = await setUp()
    expect((await ask('/healthz')).status).toBe(200)
    clock.jump(86_400_000)
    expect((await ask('/healthz')).status).toBe(200)
    await clock.advance(15 * 60_000 + 1)
    expect(await ask('/healthz')).toMatchObject({
      status: 503,
      text: '[+]workers ok\n[-]watches: stalled: registries, pods\n',
    })
  })

  test('is no longer live when a worker does not end at its time limit', async () => {
    const { clock, controller, ask } = await setUp()
    void controller.run(new AbortController().signal)
    controller.enqueue('ns/stuck')
    await clock.advance(110_000)
    expect((await ask('/healthz')).status).toBe(200)
    await clock.advance(11_000)
    expect(await ask('/healthz')).toMatchObject({
      status: 503,
      text: expect.stringContaining('hung: check ns/stuck'),
    })
  })

  test('serves metrics, and nothing else', async () => {
    const { ask } = await setUp()
    const metrics = await ask('/metrics')
    expect(metrics).toMatchObject({ status: 200, type: expect.stringContaining('text/plain; version=0.0.4') })
    expect(metrics.text).toContain('controller_runtime_max_concurrent_reconciles{controller="check"} 1')
    expect((await ask('/')).status).toBe(404)
  })

  test('lets nobody wait for it at the end: idle connections are closed', async () => {
    const { server, ask } = await setUp()
    await ask('/healthz')
    const { url } = server
    await server.stop()
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  })
})
