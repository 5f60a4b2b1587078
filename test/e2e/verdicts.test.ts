import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REGISTRIES, REGISTRY_CHECKS } from '#controllers/resources.ts'
import { PODS } from '#kube/resource.ts'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, registryError, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { checkKstatus } from '#test/harness/kstatus.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { conditionText, findingsOf, messageOf, settled } from './support/api.ts'
import { scrape, valuesBy } from './support/metrics.ts'
import { imageInventory, node, type PodOptions, pod, registry, registryCheck } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// What a check may say of what it saw: not more (S22, S24), and where it may not run at all.

/** How long runs are asked for again, until one has seen what was changed. */
const RUNS_MS = 90_000

let world: World
let server: TestRegistry
let front: FaultProxy
let home: string

beforeAll(async () => {
  ;[world, server] = await Promise.all([startWorld(), startRegistry({ version: '3' })])
  const writer = new StorageWriter(server.storageDir)
  const whole = containerImage({ seed: 'whole' })
  for (const name of ['whole', 'other', 'private']) writer.write(`app/${name}`, whole, '1')
  front = await startFaultProxy({ upstream: server.url })
  front.rule(registryError(403, 'DENIED', 'not yours'), { path: /^\/v2\/refused\// })
  front.rule(registryError(401, 'UNAUTHORIZED', 'who are you'), { path: /^\/v2\/unknown\// })
  home = await world.namespace('verdicts')
})

afterAll(async () => {
  await front.stop()
  await server.stop()
  await world.stop()
})

const in_ = (name: string) => ({ namespace: home, name })

/** A Registry that pods know as `<name>.example.com`, a check of it, and a pod for each image. */
async function given(
  name: string,
  images: readonly (readonly [image: string, options?: PodOptions])[],
): Promise<void> {
  const host = `${name}.example.com`
  await world.cluster.apply([
    ...images.map(([image, options], at) => pod(in_(`${name}-${at}`), `${host}/${image}`, options)),
    registry(in_(name), { url: front.url, aliases: [{ host }] }),
    registryCheck(in_(name), { registryRef: { name }, interval: '1h' }),
  ])
}

/** Runs the check until it covers `total` images. */
const runOver = (name: string, total: number) =>
  eventually(
    async () => {
      const check = await world.api.run(in_(name))
      return check.status?.images?.total === total ? check : undefined
    },
    { message: `a run over ${total} images`, timeoutMs: RUNS_MS },
  )

describe.concurrent('who cries wolf', () => {
  test('S24: an image that is never pulled may be missing', async () => {
    await given('never', [['app/gone:1', { imagePullPolicy: 'Never' }], ['app/whole:1']])
    const check = await runOver('never', 2)
    expect(conditionText(check.status?.conditions ?? [], 'Healthy')).toBe('True AllHealthy')
    expect(findingsOf(check)).toEqual(['app/gone:1 TagMissing Info'])
    expect(check.status).toMatchObject({ images: { healthy: 2, unhealthy: 0 }, severity: 'Info' })
    checkKstatus(check)

    await world.cluster.apply([pod(in_('never-pulls'), 'never.example.com/app/gone:1')])
    const pulled = await eventually(
      async () => {
        const run = await world.api.run(in_('never'))
        return run.status?.findings?.[0]?.pods === 2 ? run : undefined
      },
      { message: 'a run over both pods', timeoutMs: RUNS_MS },
    )
    expect(conditionText(pulled.status?.conditions ?? [], 'Healthy')).toBe('False ProblemsFound')
    expect(findingsOf(pulled)).toEqual(['app/gone:1 TagMissing Warning'])
  })

  test('S24: what the registry refuses to show is Info where no pod names a pull secret, and never unhealthy', async () => {
    await given('denied', [
      ['refused/anonymous:1'],
      ['refused/secret:1', { pullSecret: 'of-the-pod' }],
      ['unknown/anonymous:1'],
      ['unknown/secret:1', { pullSecret: 'of-the-pod' }],
      ['app/whole:1'],
    ])
    const check = await runOver('denied', 5)
    expect(findingsOf(check)).toEqual([
      'refused/secret:1 PullDenied Warning',
      'unknown/secret:1 PullDenied Warning',
      'refused/anonymous:1 PullDenied Info',
      'unknown/anonymous:1 PullDenied Info',
    ])
    expect(check.status?.images).toEqual({ total: 5, healthy: 1, unhealthy: 0, unknown: 4, inUse: 5 })
    expect(conditionText(check.status?.conditions ?? [], 'Healthy')).toBe('Unknown CoverageTooLow')
    expect(messageOf(check, 'Healthy')).toBe('Only 1 of 5 images could be examined: 4 PullDenied')
    checkKstatus(check)
  })

  test('S23: a digest that runs and is gone is told as Info while its tag can be pulled', async () => {
    await given('drifted', [['app/whole:1']])
    await runOver('drifted', 1)
    const digest = `sha256:${'d'.repeat(64)}`
    const running = {
      name: 'app',
      image: 'drifted.example.com/app/whole:1',
      imageID: `drifted.example.com/app/whole@${digest}`,
      ready: true,
      restartCount: 0,
    }
    await world.api.patch(PODS, in_('drifted-0'), { status: { containerStatuses: [running] } }, 'status')
    const check = await eventually(
      async () => {
        const run = await world.api.run(in_('drifted'))
        return run.status?.findings?.length === 1 ? run : undefined
      },
      { message: 'a run that has a finding', timeoutMs: RUNS_MS },
    )
    expect(findingsOf(check)).toEqual(['app/whole:1 Drifted Info'])
    expect(check.status?.findings?.[0]?.message).toContain(digest)
    expect(conditionText(check.status?.conditions ?? [], 'Healthy')).toBe('True AllHealthy')
  })
})

describe.concurrent('what else a check is asked for', () => {
  test('repair copies back from another registry exactly what was there, and only when told to', async () => {
    const mirror = await startRegistry({ version: '3' })
    try {
      const image = containerImage({ seed: 'repaired' })
      for (const { storageDir } of [server, mirror])
        new StorageWriter(storageDir).write('lost/app', image, '1')
      damage('layer-missing', { storageDir: server.storageDir, repository: 'lost/app', reference: '1' })
      await world.cluster.apply([registry(in_('mirror'), { url: mirror.url })])
      await given('repair', [['lost/app:1'], ['app/whole:1']])
      const broken = await runOver('repair', 2)
      expect(findingsOf(broken)).toEqual(['lost/app:1 LayerMissing Warning'])
      const imageSeries = async () =>
        valuesBy(await scrape(world.operatorUrl), 'tallyman_check_image_info', in_('repair'), [
          'image',
          'code',
        ])
      expect(await imageSeries()).toEqual({})
      await world.api.run(in_('repair'), { spec: { imageMetrics: true } })
      await eventually(async () => Object.keys(await imageSeries()).length === 1)
      expect(broken.status?.repair).toBeUndefined()

      const repaired = (outcome: object) =>
        eventually(async () => {
          const check = await world.api.check(in_('repair'))
          expect(check.status?.repair).toMatchObject(outcome)
          return check
        })
      const repair = { fromRef: { name: 'mirror' } }
      await world.api.run(in_('repair'), { spec: { repair } })
      const dry = await repaired({ mode: 'DryRun', repaired: 0, wouldRepair: 1, failed: 0 })
      expect(dry.status?.images).toMatchObject({ unhealthy: 1 })
      checkKstatus(dry)

      await world.api.run(in_('repair'), { spec: { repair: { ...repair, mode: 'Copy' } } })
      await repaired({ mode: 'Copy', repaired: 1, failed: 0 })
      const healed = await settled(() => world.api.check(in_('repair')), { Healthy: 'True AllHealthy' })
      expect(healed.status?.images).toMatchObject({ healthy: 2, unhealthy: 0 })
      checkKstatus(healed)
      await eventually(async () => Object.keys(await imageSeries()).length === 0)
      await eventually(async () => {
        const events = await world.api.events('RegistryCheck', in_('repair'))
        expect(events.map(({ reason, note }) => `${reason}: ${note}`)).toContain(
          'ImagesRepaired: 1 image was copied back',
        )
        return true
      })

      await world.api.run(in_('repair'), { spec: { repair: null } })
      await eventually(async () => (await world.api.check(in_('repair'))).status?.repair === undefined)
    } finally {
      await mirror.stop()
    }
  })

  test('its report names the nodes that still have in their cache what cannot be pulled', async () => {
    const gone = 'cached.example.com/app/gone:1'
    const names = ['a', 'b'].map((name) => `${world.cluster.namespace}-caches-${name}`)
    await world.cluster.apply(names.map((name) => node(name, [gone])))
    try {
      await given('cached', [['app/gone:1']])
      const check = await eventually(
        async () => {
          const run = await world.api.run(in_('cached'))
          return run.status?.findings?.[0]?.cachedOnNodes === names.length ? run : undefined
        },
        { message: 'a run that knows both nodes', timeoutMs: RUNS_MS },
      )
      expect(findingsOf(check)).toEqual(['app/gone:1 TagMissing Warning'])
      const cluster = (await world.api.inventory(in_('all'))).status?.clusters?.[0]?.name
      const caches = names.map((name) => `${cluster}/${name}`)
      const ask = async (path: string) => (await fetch(`${world.operatorUrl}${path}`)).text()
      expect(JSON.parse(await ask(`/reports/${home}/cached/report.json`))).toMatchObject({
        findings: [{ image: gone, nodes: { runs: [], ran: [], caches, cachingCount: 2 } }],
      })
      expect(await ask(`/reports/${home}/cached/report.csv`)).toContain(`,${caches.join(' ')},2,`)
      expect(await ask(`/reports/${home}/cached/report.html`)).toContain(caches.join(', '))
      expect(await ask(`/nagios/${home}/cached`)).toContain(`; cached on ${caches.join(', ')}; used by `)
    } finally {
      await world.cluster.kubectl(['delete', 'node', ...names])
    }
  })

  test('scope All looks at what nobody uses, too', async () => {
    await given('scope', [['app/whole:1']])
    const select = { repositories: ['app/*'] }
    await world.api.patch(REGISTRY_CHECKS, in_('scope'), { spec: { scope: 'All', select } })
    const check = await runOver('scope', 3)
    expect(check.status?.images).toEqual({ total: 3, healthy: 3, unhealthy: 0, unknown: 0, inUse: 1 })
    expect(check.status?.oldestEvidence).toBeDefined()
    const ask = (path: string) => fetch(`${world.operatorUrl}${path}`)
    const reports = `/reports/${home}/scope`
    expect(await (await ask(`${reports}/report.json`)).json()).toMatchObject({
      check: { namespace: home, name: 'scope' },
      ...{ scope: 'All', verdict: { status: 'True' }, findings: [] },
      imageCounts: { total: 3, inUse: 1 },
    })
    expect(await (await ask(`${reports}/images.csv`)).text()).toContain('app/whole:1')
    expect(await (await ask(`${reports}/report.html`)).text()).toMatch(/^<!doctype html>/)
    expect(await (await ask(`/nagios/${home}/scope`)).text()).toMatch(/^OK /)
    expect((await ask('/_report.json')).status).toBe(404)
    expect(conditionText(check.status?.conditions ?? [], 'Healthy')).toBe('True AllHealthy')
    checkKstatus(check)
  })
})

describe('S22: images of no Registry', () => {
  test('are counted by host, until an alias says whose they are', async () => {
    const inventory = () => world.api.inventory(in_('all'))
    await world.cluster.apply([
      pod(in_('unmatched-1'), 'unmatched.example.com/app/whole:1'),
      pod(in_('unmatched-2'), 'unmatched.example.com/app/other:1'),
      pod(in_('no-reference'), 'unmatched.example.com/UPPER'),
    ])
    const counted = await eventually(async () => {
      const found = await inventory()
      expect(found.status?.unmatchedHosts ?? []).toContainEqual({ host: 'unmatched.example.com', images: 2 })
      expect(found.status).toMatchObject({ unparsable: 1 })
      return found
    })
    expect(conditionText(counted.status?.conditions ?? [], 'Synced')).toBe('True AllSynced')
    checkKstatus(counted)
    await eventually(async () => {
      const samples = await scrape(world.operatorUrl)
      const { status } = await inventory()
      const labels = { namespace: home, name: 'all' }
      const values = (metric: string) => valuesBy(samples, metric, labels, [])['']
      expect(values('tallyman_inventory_unmatched_images')).toBe(status?.unmatchedImages)
      expect(values('tallyman_inventory_images')).toBe(status?.images)
      return true
    })

    await world.cluster.apply([
      registry(in_('unmatched'), { url: front.url, aliases: [{ host: 'unmatched.example.com' }] }),
    ])
    await eventually(async () => {
      const hosts = (await inventory()).status?.unmatchedHosts
      return hosts?.every(({ host }) => host !== 'unmatched.example.com')
    })
  })
})

describe.concurrent('what is not there yet', () => {
  test('a check of a Registry that does not exist waits for it', async () => {
    const check = () => world.api.check(in_('orphan'))
    await world.cluster.apply([registryCheck(in_('orphan'), { registryRef: { name: 'later' } })])
    const waiting = await settled(check, {
      Ready: 'False RegistryNotFound',
      Reconciling: 'True ProgressingWithRetry',
      Healthy: 'Unknown RegistryNotFound',
    })
    expect(messageOf(waiting, 'Ready')).toBe(
      `spec.registryRef: there is no Registry ${home}/later. Create it, or correct the name.`,
    )
    checkKstatus(waiting)
    await world.cluster.apply([registry(in_('later'), { url: front.url })])
    checkKstatus(await settled(check, { Ready: 'True Succeeded', Healthy: 'Unknown NothingMatched' }))
    await world.api.delete(REGISTRIES, in_('later'))
    await settled(check, { Ready: 'False RegistryNotFound', Healthy: 'Unknown RegistryNotFound' })
  })

  test('so does one of an ImageInventory', async () => {
    const check = () => world.api.check(in_('uncounted'))
    await world.cluster.apply([
      registry(in_('counted'), { url: front.url }),
      registryCheck(in_('uncounted'), {
        registryRef: { name: 'counted' },
        inventoryRef: { name: 'tomorrow' },
      }),
    ])
    const waiting = await settled(check, {
      Ready: 'False InventoryNotFound',
      Healthy: 'Unknown InventoryNotFound',
    })
    expect(messageOf(waiting, 'Ready')).toBe(
      `spec.inventoryRef: there is no ImageInventory ${home}/tomorrow. Create it, or correct the name.`,
    )
    checkKstatus(waiting)
    await world.cluster.apply([imageInventory(in_('tomorrow'))])
    checkKstatus(await settled(check, { Ready: 'True Succeeded', Healthy: 'Unknown NothingMatched' }))
  })
})

describe.concurrent('a spec that only an edit mends is Stalled', () => {
  const rejected: readonly (readonly [name: string, spec: object, message: RegExp])[] = [
    [
      'bad-minute',
      { schedule: '61 3 * * *' },
      /^spec\.schedule: "61 3 \* \* \*" must be a cron expression with five fields, such as "0 3 \* \* \*", or one of @hourly, .* \(.*\)\. Correct the field/,
    ],
    [
      'nowhere',
      { schedule: '0 3 * * *', timeZone: 'Europe/Atlantis' },
      /^spec\.timeZone: "Europe\/Atlantis" must be an IANA name such as Europe\/Oslo\. Correct the field/,
    ],
  ]
  test.for(rejected)('%s', async ([name, spec, message], { expect }) => {
    await world.cluster.apply([registryCheck(in_(name), spec)])
    const check = await settled(() => world.api.check(in_(name)), {
      Stalled: 'True SpecInvalid',
      Ready: 'False SpecInvalid',
      Reconciling: undefined,
    })
    expect(messageOf(check, 'Stalled')).toMatch(message)
    checkKstatus(check)
    const told = await eventually(async () => (await world.api.events('RegistryCheck', in_(name)))[0])
    expect(told).toMatchObject({ type: 'Warning', reason: 'SpecInvalid', note: messageOf(check, 'Stalled') })
  })
})
