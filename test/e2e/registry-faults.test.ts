import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KEPT_OUT } from '#controllers/probe-reasons.ts'
import { REGISTRIES } from '#controllers/resources.ts'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { checkKstatus } from '#test/harness/kstatus.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { findingsOf, messageOf, settled } from './support/api.ts'
import {
  AFTER_IT_WAS_REACHED,
  BEFORE_IT_IS_REACHED,
  type FaultSite,
  WRONG_PASSWORD,
} from './support/faults.ts'
import {
  accessObjects,
  basicAuthSecret,
  caConfigMap,
  pod,
  registry,
  registryCheck,
  registrySpec,
} from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

let world: World
let server: TestRegistry
let plain: TestRegistry
let home: string
const fronts: FaultProxy[] = []

const IMAGES = 'images.example.com'
/** Of one test: several waits of at most 90 s. */
const LIMIT = { timeout: 300_000 }
/** The name under which pods know every registry here. */
const aliases = [{ host: IMAGES }]

beforeAll(async () => {
  const auth = { kind: 'basic', username: 'puller', password: 'right' } as const
  ;[world, server, plain] = await Promise.all([
    startWorld(),
    startRegistry({ version: '3', tls: true, auth }),
    startRegistry({ version: '2.8' }),
  ])
  new StorageWriter(server.storageDir).write('app/gone', containerImage({ seed: 'gone' }), '1')
  damage('tag-gone', { storageDir: server.storageDir, repository: 'app/gone', reference: '1' })
  home = await world.namespace('faults')
  await world.cluster.apply([
    ...accessObjects(home, server),
    pod({ namespace: home, name: 'app' }, `${IMAGES}/app/gone:1`),
  ])
})

afterAll(async () => {
  for (const front of fronts) await front.stop()
  await Promise.all([server.stop(), plain.stop()])
  await world.stop()
})

/** A fault has a name, an access and a way to the registry of its own: nothing that it does reaches another. */
async function siteOf(name: string, timeout = '30s'): Promise<FaultSite> {
  const front = await startFaultProxy({ upstream: server.url, upstreamInsecure: true, tls: true })
  fronts.push(front)
  const secret = { namespace: home, name: `${name}-pull` }
  const ca = { namespace: home, name: `${name}-ca` }
  return {
    place: { namespace: home, name },
    front,
    tlsUrl: server.url,
    plainUrl: plain.url,
    rightCa: server.caPem ?? '',
    spec: {
      url: front.url,
      aliases,
      interval: '1s',
      timeout,
      credentials: { pull: { secretRef: { name: secret.name } } },
      caRef: { kind: 'ConfigMap', name: ca.name },
    },
    secret: (password) => world.cluster.apply([basicAuthSecret(secret, 'puller', password)]),
    brokenSecret: () =>
      world.cluster.apply([
        { apiVersion: 'v1', kind: 'Secret', metadata: secret, stringData: { user: 'me' } },
      ]),
    ca: (pem) => world.cluster.apply([caConfigMap(ca, pem)]),
    change: (spec) => world.api.patch(REGISTRIES, { namespace: home, name }, { spec }),
  }
}

/** What a check says where the Registry says `reason`. */
const keptOut = (reason: string) => KEPT_OUT.find((each) => each === reason) ?? 'RegistryUnreachable'

const told = (kind: string, place: FaultSite['place'], reason: string) =>
  eventually(async () => (await world.api.events(kind, place)).some((event) => event.reason === reason), {
    message: `the event ${reason}`,
    timeoutMs: 90_000,
  })

describe.concurrent(
  'S25: before it was ever reached it is not Ready, with what is wrong, and heals by itself',
  LIMIT,
  () => {
    test.for(BEFORE_IT_IS_REACHED)(
      '$name: $reason',
      async ({ name, reason, says, timeout, arrange, mend }, { expect }) => {
        const site = await siteOf(name, timeout)
        const read = () => world.api.registry(site.place)
        const readCheck = () => world.api.check(site.place)
        const changes = await arrange(site)
        await world.cluster.apply([
          registry(site.place, { ...site.spec, ...changes }),
          registryCheck(site.place, { registryRef: { name } }),
        ])
        const failing = await settled(read, {
          Ready: `False ${reason}`,
          Reconciling: 'True ProgressingWithRetry',
          Stalled: undefined,
          Reachable: undefined,
        })
        expect(messageOf(failing, 'Ready')).toMatch(says)
        const check = await settled(readCheck, {
          Ready: 'True Succeeded',
          Healthy: `Unknown ${keptOut(reason)}`,
        })
        expect(messageOf(check, 'Healthy')).toMatch(says)
        expect(check.status?.findings).toBeUndefined()
        for (const object of [failing, check]) checkKstatus(object)
        await told('Registry', site.place, 'RegistryUnreachable')

        await mend(site)
        const healed = await settled(read, {
          Ready: 'True Succeeded',
          Reconciling: undefined,
          Reachable: 'True Answered',
        })
        const looked = await settled(readCheck, { Healthy: 'False ProblemsFound' })
        for (const object of [healed, looked]) checkKstatus(object)
        await told('Registry', site.place, 'RegistryReachable')
      },
    )
  },
)

describe.concurrent(
  'S25: after it was reached it stays Ready, is not Reachable, and its check keeps what it found',
  LIMIT,
  () => {
    test.for(AFTER_IT_WAS_REACHED)(
      '$name: $reason',
      async ({ name, reason, says, timeout, strike, mend }, { expect }) => {
        const site = await siteOf(name, timeout)
        const read = () => world.api.registry(site.place)
        const readCheck = () => world.api.check(site.place)
        await site.secret('right')
        await site.ca(site.rightCa)
        await world.cluster.apply([
          registry(site.place, site.spec),
          // Long: that the registry is gone is told by the Registry, not by the next run.
          registryCheck(site.place, { registryRef: { name }, interval: '1h' }),
        ])
        const before = await settled(readCheck, { Healthy: 'False ProblemsFound' })
        await settled(read, { Reachable: 'True Answered' })

        await strike(site)
        const lost = await settled(read, {
          Ready: 'True Succeeded',
          Reconciling: undefined,
          // A request under way when the registry went is reset; only the next one is refused.
          Reachable: [`False ${reason}`, says],
        })
        const check = await settled(readCheck, {
          Ready: 'True Succeeded',
          Healthy: [`Unknown ${keptOut(reason)}`, says],
        })
        const { run, findings, findingCounts, images } = before.status ?? {}
        expect(findingsOf(check)).toEqual(['app/gone:1 TagMissing Warning'])
        expect(check.status).toMatchObject({ run, findings, findingCounts, images })
        for (const object of [lost, check]) checkKstatus(object)
        await told('RegistryCheck', site.place, 'HealthUnknown')

        await mend(site)
        const healed = await settled(read, { Ready: 'True Succeeded', Reachable: 'True Answered' })
        const looked = await settled(readCheck, { Healthy: 'False ProblemsFound' })
        expect(Date.parse(looked.status?.run?.startedAt ?? '')).toBeGreaterThan(
          Date.parse(run?.startedAt ?? ''),
        )
        for (const object of [healed, looked]) checkKstatus(object)
      },
    )
  },
)

describe('the process of the registry ends', LIMIT, () => {
  test('S25: its check says Unknown with its last findings, and looks again when it runs again', async () => {
    const place = { namespace: home, name: 'down' }
    await world.cluster.apply([
      registry(place, registrySpec(server.url, { aliases, interval: '1s' })),
      registryCheck(place, { registryRef: { name: 'down' }, interval: '1s' }),
    ])
    const before = await settled(() => world.api.check(place), { Healthy: 'False ProblemsFound' })
    await server.down()
    const lost = await settled(() => world.api.registry(place), {
      Ready: 'True Succeeded',
      Reachable: ['False Unreachable', /connection refused\. Check spec\.url, DNS/],
    })
    const check = await settled(() => world.api.check(place), { Healthy: 'Unknown RegistryUnreachable' })
    expect(findingsOf(check)).toEqual(findingsOf(before))
    for (const object of [lost, check]) checkKstatus(object)
    await server.up()
    checkKstatus(await settled(() => world.api.registry(place), { Reachable: 'True Answered' }))
    checkKstatus(await settled(() => world.api.check(place), { Healthy: 'False ProblemsFound' }))
  })
})

describe('the operator may not read Secrets of the namespace', LIMIT, () => {
  test('the condition holds the command that grants it, and the command mends it', async () => {
    const namespace = await world.namespace('forbidden', { grant: false })
    const place = { namespace, name: 'main' }
    await world.cluster.apply([
      ...accessObjects(namespace, server),
      registry(place, registrySpec(server.url, { caRef: { kind: 'ConfigMap', name: 'ca' } })),
    ])
    const failing = await settled(() => world.api.registry(place), {
      Ready: 'False SecretForbidden',
      Reconciling: 'True ProgressingWithRetry',
    })
    checkKstatus(failing)
    const [, command = ''] = /run: kubectl (.*?)\.? Bind/.exec(messageOf(failing, 'Ready')) ?? []
    expect(command).toMatch(/^create rolebinding tallyman-credentials --namespace /)
    await world.cluster.kubectl(command.split(' '))
    const healed = await settled(() => world.api.registry(place), {
      Ready: 'True Succeeded',
      Reachable: 'True Answered',
    })
    checkKstatus(healed)
  })
})

test('no password is in the log', async () => {
  const log = await readFile(world.logFile, 'utf8')
  expect(log).toContain('listening')
  for (const secret of [WRONG_PASSWORD, Buffer.from('puller:right').toString('base64')]) {
    expect(log).not.toContain(secret)
  }
})
