import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { IMAGE_INVENTORIES, REGISTRIES, REGISTRY_CHECKS } from '#controllers/resources.ts'
import { PODS } from '#kube/resource.ts'
import { type DamageKind, damage, type Repair } from '#test/harness/damage.ts'
import { containerImage, multiPlatformImage } from '#test/harness/images.ts'
import { checkKstatus } from '#test/harness/kstatus.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { conditionText, findingsOf, messageOf, settled } from './support/api.ts'
import { countCodes, REGISTRIES_UNDER_TEST } from './support/damages.ts'
import { scrape, valuesBy } from './support/metrics.ts'
import { accessObjects, node, pod, registry, registryCheck, registrySpec } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
  // The platforms that count are those of nodes.
  await world.cluster.apply([node(`${world.cluster.namespace}-node`)])
})

afterAll(async () => {
  await world.cluster.kubectl(['delete', 'node', `${world.cluster.namespace}-node`])
  await world.stop()
})

describe.for(REGISTRIES_UNDER_TEST)('registry $version, cache $cache', ({ version, cache, damages }) => {
  const label = version.replace('.', '-')
  let server: TestRegistry
  let home: string
  let prod: string
  let dev: string
  const repairs: Repair[] = []
  const main = () => ({ namespace: home, name: 'main' })
  const counts = [...countCodes(damages), { code: 'PlatformMissing', severity: 'Info', count: 1 }]
  const harm = countCodes(damages).map(({ code, count }) => `${count} ${code}`)
  const image = (name: string) => `${server.host}/app/${name}`
  const inventory = () => world.api.inventory({ namespace: home, name: 'all' })
  const eventsOf = async (reason: string) =>
    (await world.api.events('RegistryCheck', main())).filter((event) => event.reason === reason)

  /** Runs the check until it covers `total` images: the pods of a moment ago may not have reached the operator. */
  const runOver = (total: number) =>
    eventually(
      async () => {
        const check = await world.api.run(main())
        return check.status?.images?.total === total ? check : undefined
      },
      { message: `a run over ${total} images`, timeoutMs: 90_000 },
    )

  beforeAll(async () => {
    const auth = { kind: 'basic', username: 'puller', password: 'right' } as const
    server = await startRegistry({ version, tls: true, auth, cache })
    const writer = new StorageWriter(server.storageDir)
    for (const name of ['whole', ...damages.filter(({ index }) => !index).map(({ kind }) => kind)]) {
      writer.write(`app/${name}`, containerImage({ seed: name }), '1')
    }
    for (const name of ['child-missing', 'foreign-child']) {
      writer.write(`app/${name}`, multiPlatformImage({ seed: name }), '1')
    }
    ;[home, prod, dev] = await Promise.all([
      world.namespace(`home-${label}`),
      world.namespace(`prod-${label}`, { grant: false }),
      world.namespace(`dev-${label}`, { grant: false }),
    ])
    await world.cluster.apply([
      ...accessObjects(home, server),
      registry(main(), registrySpec(server.url)),
      registryCheck(main(), {
        interval: '1h',
        severity: [
          { namespaces: ['*-prod-*'], level: 'Critical' },
          { namespaces: ['*-dev-*'], level: 'Info' },
        ],
      }),
    ])
  })

  afterAll(async () => {
    await server.stop()
  })

  test('S22: no image in use belongs to it, and the check says that it knows nothing', async () => {
    const check = await settled(() => world.api.check(main()), { Healthy: 'Unknown NothingMatched' })
    expect(messageOf(check, 'Healthy')).toBe(
      'No image in scope belongs to this registry; check spec.url and spec.aliases of the Registry, and spec.select',
    )
    const found = await settled(() => world.api.registry(main()), {
      Ready: 'True Succeeded',
      Reachable: 'True Answered',
    })
    expect(found.status).toMatchObject({
      url: server.url,
      product: version === '3' ? 'distribution-3' : 'distribution-2',
      authenticated: true,
    })
    for (const object of [check, found]) checkKstatus(object)
  })

  test('a pod appears: its image is in a check that is asked to run at once', async () => {
    await world.cluster.apply([pod({ namespace: dev, name: 'whole' }, image('whole:1'))])
    const check = await runOver(1)
    expect(conditionText(check.status?.conditions ?? [], 'Healthy')).toBe('True AllHealthy')
    expect(messageOf(check, 'Healthy')).toBe('1 of 1 images are complete')
    expect(check.status).toMatchObject({ severity: 'None', findings: [], findingsTruncated: false })
    checkKstatus(check)
  })

  test('a pod appears: a check with an interval covers it at its next run', async () => {
    const often = { namespace: home, name: 'often' }
    await world.cluster.apply([
      registryCheck(often, { interval: '1s' }),
      pod({ namespace: dev, name: 'soon-gone' }, image('never-pushed:1')),
    ])
    const check = await settled(() => world.api.check(often), { Healthy: 'False ProblemsFound' })
    expect(findingsOf(check)).toEqual(['app/never-pushed:1 TagMissing Warning'])
    await world.api.delete(PODS, { namespace: dev, name: 'soon-gone' })
    await settled(() => world.api.check(often), { Healthy: 'True AllHealthy' })
    await world.api.delete(REGISTRY_CHECKS, often)
  })

  test('each kind of damage is found, weighed by who uses the image, and told once', async () => {
    await world.cluster.apply([
      ...damages.map(({ kind }) => pod({ namespace: prod, name: kind }, image(`${kind}:1`))),
      pod({ namespace: dev, name: 'tag-gone' }, image('tag-gone:1')),
      pod({ namespace: home, name: 'foreign-child' }, image('foreign-child:1')),
    ])
    const total = damages.length + 2
    // The registry now has every descriptor in its cache.
    expect(messageOf(await runOver(total), 'Healthy')).toBe(`${total} of ${total} images are complete`)
    const broken = (kind: DamageKind, name: string = kind, child = 0) => {
      const target = { storageDir: server.storageDir, repository: `app/${name}`, reference: '1', child }
      repairs.push(damage(kind, target))
    }
    for (const { kind } of damages) broken(kind)
    broken('child-missing', 'foreign-child', 1)

    const check = await world.api.run(main())
    expect(findingsOf(check)).toEqual([
      ...damages
        .map(({ kind, code, platform }) =>
          [`app/${kind}:1`, code, platform, 'Critical'].filter(Boolean).join(' '),
        )
        .sort(),
      'app/foreign-child:1 PlatformMissing linux/arm64/v8 Info',
    ])
    expect(check.status).toMatchObject({
      images: { total, healthy: 2, unhealthy: damages.length, unknown: 0 },
      severity: 'Critical',
      findingsTruncated: false,
      ignored: 0,
    })
    expect(check.status?.findingCounts).toEqual(counts)
    expect(conditionText(check.status?.conditions ?? [], 'Healthy')).toBe('False ProblemsFound')
    expect(messageOf(check, 'Healthy')).toBe(
      `${damages.length} of ${total} images cannot be pulled: ${harm.join(', ')}`,
    )
    const cluster = (await inventory()).status?.clusters?.[0]?.name
    expect(check.status?.findings?.find(({ code }) => code === 'TagMissing')).toMatchObject({
      usedBy: [`${cluster}/${dev}/Pod/tag-gone`, `${cluster}/${prod}/Pod/tag-gone`],
      pods: 2,
    })
    checkKstatus(check)
    const told = await eventually(async () => (await eventsOf('ProblemsFound'))[0])
    expect(told).toMatchObject({ type: 'Warning', note: `${messageOf(check, 'Healthy')} (6 new)` })
  })

  test('while nothing changes there is no second event, and a finding keeps the time it was first seen', async () => {
    const before = await world.api.check(main())
    const after = await world.api.run(main())
    expect(after.status?.findings).toEqual(before.status?.findings)
    expect(after.status?.conditions).toEqual(before.status?.conditions)
    const told = await eventsOf('ProblemsFound')
    expect(told).toHaveLength(1)
    expect(told[0]?.series ?? undefined).toBeUndefined()
  })

  test('the metrics say the same', async () => {
    const { status } = await world.api.check(main())
    const labels = { namespace: home, name: 'main' }
    const healthy = { ...labels, kind: 'RegistryCheck', type: 'Healthy' }
    // They are set when the status was written, which we may have seen a moment before.
    await eventually(async () => {
      const samples = await scrape(world.operatorUrl)
      expect(valuesBy(samples, 'tallyman_check_images', labels, ['state'])).toEqual({
        healthy: 2,
        unhealthy: damages.length,
        unknown: 0,
      })
      expect(valuesBy(samples, 'tallyman_check_findings', labels, ['code', 'severity'])).toEqual(
        Object.fromEntries(counts.map(({ code, severity, count }) => [`${code} ${severity}`, count])),
      )
      expect(valuesBy(samples, 'tallyman_resource_condition', healthy, ['status'])).toEqual({
        True: 0,
        False: 1,
        Unknown: 0,
      })
      expect(valuesBy(samples, 'tallyman_check_last_run_timestamp_seconds', labels, [])).toEqual({
        '': Date.parse(status?.run?.finishedAt ?? '') / 1000,
      })
      return true
    })
  })

  test('kubectl shows it in one line', async () => {
    const { stdout } = await world.cluster.kubectl(['get', 'registrychecks', '-n', home])
    const [header, line, ...more] = stdout.trim().split('\n')
    expect(header?.split(/ +/)).toEqual([
      ...['NAME', 'REGISTRY', 'SCOPE', 'IMAGES', 'UNHEALTHY', 'SEVERITY', 'LAST-CHECK', 'HEALTHY'],
    ])
    expect(line?.replace(/\S+(?= +False)/, 'AGE').split(/ +/)).toEqual([
      ...['main', 'main', 'InUse', String(damages.length + 2), String(damages.length)],
      ...['Critical', 'AGE', 'False'],
    ])
    expect(more).toEqual([])
  })

  test('S24: an ignore rule accepts a finding until its time, and not longer', async () => {
    const rule = (until: string) => ({ image: '**/tag-gone:1', code: 'TagMissing', until, reason: 'known' })
    const ignored = (until: string) => world.api.run(main(), { spec: { ignore: [rule(until)] } })
    const accepted = await ignored('2100-01-01T00:00:00Z')
    expect(accepted.status).toMatchObject({ ignored: 1, images: { healthy: 3, unhealthy: 5 } })
    expect(findingsOf(accepted).filter((finding) => finding.includes('tag-gone'))).toEqual([])
    const expired = await ignored('2001-01-01T00:00:00Z')
    expect(expired.status).toMatchObject({ ignored: 0, images: { healthy: 2, unhealthy: 6 } })
    checkKstatus(expired)
  })

  test('what is put back is healthy again, and told', async () => {
    for (const repair of repairs.splice(0).toReversed()) repair()
    const check = await world.api.run(main())
    expect(conditionText(check.status?.conditions ?? [], 'Healthy')).toBe('True AllHealthy')
    expect(check.status).toMatchObject({ severity: 'None', findings: [], findingCounts: [] })
    const told = await eventually(async () => (await eventsOf('ProblemsResolved')).at(-1))
    expect(told.type).toBe('Normal')
    checkKstatus(check)
  })

  test('while it is suspended no run starts, and its conditions stay', async () => {
    const before = await world.api.check(main())
    await world.api.patch(REGISTRY_CHECKS, main(), { spec: { suspend: true } })
    const labels = { kind: 'RegistryCheck', namespace: home, name: 'main' }
    await eventually(async () => {
      const samples = await scrape(world.operatorUrl)
      return valuesBy(samples, 'tallyman_resource_suspended', labels, [])[''] === 1
    })
    const token = await world.api.request(REGISTRY_CHECKS, main())
    // The other check is asked later and has run: so would this one have.
    const other = { namespace: home, name: 'other' }
    await world.cluster.apply([registryCheck(other, { interval: '1h' })])
    await world.api.run(other)
    expect((await world.api.check(main())).status).toEqual(before.status)

    await world.api.patch(REGISTRY_CHECKS, main(), { spec: { suspend: false } })
    const resumed = await eventually(async () => {
      const check = await world.api.check(main())
      return check.status?.lastHandledReconcileAt === token ? check : undefined
    })
    checkKstatus(resumed)
    await world.api.delete(REGISTRY_CHECKS, other)
  })

  test('what is deleted is gone, and so are its series', async () => {
    const all = { namespace: home, name: 'all' }
    await world.api.delete(REGISTRY_CHECKS, main())
    await world.api.delete(REGISTRIES, main())
    await world.api.delete(IMAGE_INVENTORIES, all)
    expect(await world.api.exists(REGISTRY_CHECKS, main())).toBe(false)
    expect(await world.api.exists(REGISTRIES, main())).toBe(false)
    expect(await world.api.exists(IMAGE_INVENTORIES, all)).toBe(false)
    await eventually(async () => {
      const samples = await scrape(world.operatorUrl)
      expect(samples.filter(({ labels }) => labels.namespace === home)).toEqual([])
      return true
    })
  })
})
