import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { REGISTRIES, REGISTRY_CHECKS } from '#controllers/resources.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { checkKstatus } from '#test/harness/kstatus.ts'
import { logLines } from '#test/harness/operator.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { settled } from './support/api.ts'
import { scrape, valuesBy } from './support/metrics.ts'
import { type Place, pod, registry, registryCheck } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

/** As many checks as the operator runs side by side. */
const WORKERS = 4
const MANIFEST = { path: /\/manifests\// }
const PROBE = { path: /\/v2\/?$/ }

let world: World
let server: TestRegistry
let front: FaultProxy
let home: string

/** A Registry `main` behind the proxy, and one image in use that it has. */
beforeAll(async () => {
  ;[world, server] = await Promise.all([startWorld(), startRegistry({ version: '3' })])
  front = await startFaultProxy({ upstream: server.url })
  new StorageWriter(server.storageDir).write('app/whole', containerImage({ seed: 'whole' }), '1')
  home = await world.namespace('slow')
  await world.cluster.apply([
    pod({ namespace: home, name: 'whole' }, `${front.host}/app/whole:1`),
    registry(place('main'), { url: front.url, interval: '1h', timeout: '60s' }),
  ])
  await settled(() => world.api.registry(place('main')), { Reachable: 'True Answered' })
})

beforeEach(() => front.clear())

afterAll(async () => {
  await front.stop()
  await server.stop()
  await world.stop()
})

const place = (name: string): Place => ({ namespace: home, name })
const check = (name: string) => () => world.api.check(place(name))
const reasonsOf = async (name: string) =>
  (await world.api.events('RegistryCheck', place(name))).map(({ reason }) => reason)

/** A check that has ended its first run. */
async function startCheck(name: string, spec: object): Promise<void> {
  await world.cluster.apply([registryCheck(place(name), spec)])
  await settled(check(name), { Healthy: 'True AllHealthy' })
}

/** Everything that was asked of the operator before has been seen by it: a later check has run. */
async function operatorHasSeenAll(): Promise<void> {
  const name = `later-${performance.now().toFixed(0)}`
  await startCheck(name, { interval: '1h' })
  await world.api.delete(REGISTRY_CHECKS, place(name))
}

describe('a new spec', () => {
  test('of a Registry is Progressing while nothing is known yet, and not when it is probed again', async () => {
    const first = front.hold(PROBE)
    const name = 'progressing'
    const read = () => world.api.registry(place(name))
    await world.cluster.apply([registry(place(name), { url: front.url, interval: '1h', timeout: '60s' })])
    await first.arrived
    const working = await settled(read, { Ready: 'Unknown Progressing', Reconciling: 'True Progressing' })
    expect(working.status?.observedGeneration).toBe(-1)
    checkKstatus(working, 'running')
    first.release()
    const done = await settled(read, { Ready: 'True Succeeded', Reconciling: undefined })
    checkKstatus(done)

    const again = front.hold(PROBE)
    const token = await world.api.request(REGISTRIES, place(name))
    await again.arrived
    expect((await read()).status?.conditions).toEqual(done.status?.conditions)
    again.release()
    await eventually(async () => (await read()).status?.lastHandledReconcileAt === token)

    const edited = front.hold(PROBE)
    await world.api.patch(REGISTRIES, place(name), { spec: { interval: '2h' } })
    await edited.arrived
    checkKstatus(await settled(read, { Ready: 'Unknown Progressing', Reachable: 'True Answered' }), 'running')
    edited.release()
    checkKstatus(await settled(read, { Ready: 'True Succeeded', Reconciling: undefined }))
    const told = await world.api.events('Registry', place(name))
    expect(told.map(({ reason }) => reason)).toEqual(['RegistryReachable'])
    await world.api.delete(REGISTRIES, place(name))
  })

  test('S25: of a check is Progressing while the registry is asked, and accepted before its first run ends', async () => {
    const [probe, manifest] = [front.hold(PROBE), front.hold(MANIFEST)]
    await world.cluster.apply([registryCheck(place('first'), { interval: '1h' })])
    await probe.arrived
    const working = await settled(check('first'), {
      Ready: 'Unknown Progressing',
      Reconciling: 'True Progressing',
      Healthy: 'Unknown NotCheckedYet',
    })
    checkKstatus(working, 'running')
    probe.release()
    await manifest.arrived
    const accepted = await settled(check('first'), {
      Ready: 'True Succeeded',
      Reconciling: undefined,
      Healthy: 'Unknown NotCheckedYet',
    })
    checkKstatus(accepted)
    manifest.release()
    checkKstatus(await settled(check('first'), { Healthy: 'True AllHealthy' }))
    expect(await reasonsOf('first')).toEqual([])
    await world.api.delete(REGISTRY_CHECKS, place('first'))
  })
})

describe('S22: a report that gets older than two intervals', () => {
  test('while a slow run goes on is Unknown until that run ends, and what the run found is not lost', async () => {
    await startCheck('slow', { interval: '2s' })
    const slow = front.hold(MANIFEST)
    await slow.arrived
    const before = await world.api.check(place('slow'))
    const outdated = await settled(check('slow'), {
      Ready: 'True Succeeded',
      Healthy: 'Unknown OutdatedReport',
    })
    const { run, findings, images } = before.status ?? {}
    expect(outdated.status).toMatchObject({ run, findings, images })
    checkKstatus(outdated)
    await eventually(async () => (await reasonsOf('slow')).includes('HealthUnknown'))

    const stillRunning = await scrape(world.operatorUrl)
    expect(
      valuesBy(stillRunning, 'controller_runtime_active_workers', {}, ['controller']).registrycheck,
    ).toBe(1)
    // It is the run that was held back which is told: the one after it does not end.
    const next = front.hold(MANIFEST)
    slow.release()
    const known = await settled(check('slow'), { Healthy: 'True AllHealthy' })
    expect(known.status?.run?.durationSeconds).toBeGreaterThanOrEqual(1)
    checkKstatus(known)
    next.release()
    await eventually(async () => (await reasonsOf('slow')).includes('HealthKnown'))
    await world.api.delete(REGISTRY_CHECKS, place('slow'))
  })

  test('while the check waits for a worker is Unknown, and known again after its turn', async () => {
    await startCheck('waiting', { interval: '3s' })
    const idle = await startFaultProxy({ upstream: server.url })
    const names = Array.from({ length: WORKERS }, (_, n) => `busy-${n}`)
    await world.cluster.apply([
      registry(place('idle'), { url: idle.url, interval: '1h', timeout: '60s' }),
      pod(place('idle'), `${idle.host}/app/whole:1`),
    ])
    await settled(() => world.api.registry(place('idle')), { Reachable: 'True Answered' })
    idle.rule({ kind: 'halfOpen', at: 'request' }, MANIFEST)
    await world.cluster.apply(
      names.map((name) => registryCheck(place(name), { registryRef: { name: 'idle' }, interval: '1h' })),
    )

    const outdated = await settled(check('waiting'), { Healthy: 'Unknown OutdatedReport' })
    checkKstatus(outdated)
    for (const name of names) await world.api.delete(REGISTRY_CHECKS, place(name))
    checkKstatus(await settled(check('waiting'), { Healthy: 'True AllHealthy' }))
    await world.api.delete(REGISTRY_CHECKS, place('waiting'))
    await idle.stop()
  })

  test('is known to Prometheus by the interval of the check itself', async () => {
    await startCheck('often', { interval: '90s' })
    await startCheck('nightly', { schedule: '0 3 * * *' })
    const interval = async (name: string) => {
      const samples = await scrape(world.operatorUrl)
      return valuesBy(samples, 'tallyman_check_interval_seconds', { namespace: home, name }, [])['']
    }
    await eventually(async () => (await interval('often')) === 90)
    // From now to the night after the next: half of that.
    const nightly = await eventually(() => interval('nightly'))
    expect(nightly).toBeGreaterThan(12 * 3600)
    expect(nightly).toBeLessThanOrEqual(24 * 3600)
    for (const name of ['often', 'nightly']) await world.api.delete(REGISTRY_CHECKS, place(name))
    await eventually(async () => (await interval('often')) === undefined)
  })
})

test('S21: a check that is suspended in the middle of a run ends that run, and begins no other', async () => {
  await startCheck('suspended', { interval: '1h' })
  const manifest = front.hold(MANIFEST)
  const token = await world.api.request(REGISTRY_CHECKS, place('suspended'))
  await manifest.arrived
  await world.api.patch(REGISTRY_CHECKS, place('suspended'), { spec: { suspend: true } })
  await operatorHasSeenAll()
  manifest.release()

  const ended = await eventually(async () => {
    const object = await world.api.check(place('suspended'))
    return object.status?.lastHandledReconcileAt === token ? object : undefined
  })
  expect(ended.metadata.generation).toBe(2)
  await world.api.request(REGISTRY_CHECKS, place('suspended'))
  await operatorHasSeenAll()
  expect((await world.api.check(place('suspended'))).status).toEqual(ended.status)

  await world.api.patch(REGISTRY_CHECKS, place('suspended'), { spec: { suspend: false } })
  const resumed = await settled(check('suspended'), { Ready: 'True Succeeded', Healthy: 'True AllHealthy' })
  expect(resumed.metadata.generation).toBe(3)
  await world.api.delete(REGISTRY_CHECKS, place('suspended'))
})

test('no reconciliation of all this failed', async () => {
  const lines = await logLines(world.logFile)
  expect(
    lines.filter(({ msg, code }) => msg === 'reconciliation failed' && code === 'KUBE_CONFLICT'),
  ).toEqual([])
  await world.api.checkRules(home)
})
