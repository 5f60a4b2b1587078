import { afterAll, beforeAll, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { RegistryPool } from '#registry/pool.ts'
import type { Credential } from '#registry/target.ts'
import { PodPulls, type PullingWorkload } from '#scan/pod-pulls.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

const USER = { username: 'tally', password: 'man' }
const IMAGE = {
  host: 'shop.example',
  repository: 'app',
  place: { repository: 'app', reference: '1' },
}

const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
let server: TestRegistry
let front: FaultProxy

beforeAll(async () => {
  server = await startRegistry({ version: '3', auth: { kind: 'basic', ...USER } })
  front = await startFaultProxy({ upstream: server.url })
  new StorageWriter(server.storageDir).write('app', containerImage({ seed: 'app' }), '1')
})
afterAll(async () => {
  await pool.close()
  await Promise.all([front.stop(), server.stop()])
})

const pulls = (signal = new AbortController().signal) =>
  new PodPulls({
    clock: systemClock,
    signal,
    open: async (credential: Credential | undefined) =>
      pool.client({ url: front.url, credential, limits: { concurrency: 4 } }),
  })

function workload(name: string, ...passwords: (string | undefined)[]): PullingWorkload {
  const secrets = passwords.map((password, at) => ({
    ...{ namespace: 'apps', name: `${name}-${at}` },
    ...(password === undefined
      ? { problem: 'it does not exist' }
      : {
          config: JSON.stringify({ auths: { 'shop.example': { username: USER.username, password } } }),
        }),
  }))
  return { name: `local/apps/Deployment/${name}`, ways: [secrets] }
}

test('one Secret that is right is enough; a broken one beside it is told of', async () => {
  const found = await pulls().look(IMAGE, [
    workload('web', 'old', USER.password),
    workload('job', undefined, USER.password),
  ])
  expect(found).toEqual({ refused: [], unusable: ['Secret apps/job-0: it does not exist'] })
})

test('who names nothing that gets through is refused, who names nothing at all is not looked at', async () => {
  const found = await pulls().look(IMAGE, [workload('web', 'old', undefined), workload('job')])
  expect(found.unusable).toEqual([])
  expect(found.refused).toEqual([
    {
      workload: 'local/apps/Deployment/web',
      secrets: ['Secret apps/web-0: is refused', 'Secret apps/web-1: it does not exist'],
      sight: expect.objectContaining({ state: 'denied' }),
    },
  ])
})

test('a run that ends meanwhile ends it, and leaves no rejection that nobody handles: that would end the operator', async () => {
  const abort = new AbortController()
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  const held = front.hold({ path: '/v2/app/manifests/1' })
  const looking = pulls(abort.signal).look(IMAGE, [workload('web', USER.password)])
  const ended = expect(looking).rejects.toMatchObject({ code: 'CANCELLED' })
  await held.arrived
  abort.abort(new TallymanError('CANCELLED', 'the run is over'))
  await ended
  held.release()
  await new Promise(setImmediate)
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

const UNREADABLE = {
  ...{ namespace: 'apps', name: 'unreadable' },
  config: '{"auths":{"other.example":{"auth":"no base64"}}}',
}

test('a Secret that the kubelet cannot read fails the pull, whatever stands beside it, and the registry is not asked', async () => {
  const counter = front.counter({ path: '/v2/app/manifests/1' })
  const { ways } = workload('web', USER.password)
  const found = await pulls().look(IMAGE, [
    { name: 'local/apps/Deployment/web', ways: ways.map((secrets) => [...secrets, UNREADABLE]) },
  ])
  expect(counter.count).toBe(0)
  expect(found).toEqual({
    unusable: [],
    refused: [
      {
        workload: 'local/apps/Deployment/web',
        secrets: [
          'Secret apps/unreadable: the kubelet cannot read it: auth of the entry other.example is not the base64 of user:password',
        ],
        sight: expect.objectContaining({ code: 'SECRET_INVALID' }),
      },
    ],
  })
})

test('S24: of two sets of Secrets that a new pod may have both must be refused', async () => {
  const right = workload('web', USER.password).ways
  const wrong = workload('old', 'old').ways
  const one = pulls()
  const look = async (...ways: (typeof right)[number][]) =>
    await one.look(IMAGE, [{ name: 'local/apps/Deployment/web', ways }])
  expect((await look(...wrong, ...right)).refused).toEqual([])
  expect(await look(...right, [UNREADABLE])).toEqual({
    refused: [],
    unusable: [expect.stringContaining('Secret apps/unreadable: the kubelet cannot read it')],
  })
  expect((await look(...wrong, [UNREADABLE])).refused).toMatchObject([
    { secrets: ['Secret apps/old-0: is refused', expect.stringContaining('apps/unreadable')] },
  ])
})

test('S24: a tag that is gone says nothing of the rest of its repository', async () => {
  const one = pulls()
  const right = [workload('web', USER.password)]
  const gone = { ...IMAGE, place: { repository: 'app', reference: 'gone' } }
  expect((await one.look(gone, right)).refused).toHaveLength(1)
  expect(await one.look(IMAGE, right)).toEqual({ refused: [], unusable: [] })
})

test('S24: nothing is concluded where there is more than is tried', async () => {
  const passwords = Array.from({ length: 11 }, (_, at) => `old-${at}`)
  expect(await pulls().look(IMAGE, [workload('web', ...passwords)])).toEqual({ refused: [], unusable: [] })
})

test('a repository is asked for once with each credential, whoever names it', async () => {
  const counter = front.counter({ path: '/v2/app/manifests/1' })
  const one = pulls()
  await one.look(IMAGE, [workload('warm', USER.password)])
  const before = counter.count
  await one.look({ ...IMAGE, place: { repository: 'app', reference: '2' } }, [
    workload('other', USER.password),
  ])
  expect([before > 0, counter.count - before]).toEqual([true, 0])
})

test('S24: a registry that does not answer refuses nobody', async () => {
  const mend = front.rule({ kind: 'status', status: 503 })
  try {
    expect(await pulls().look(IMAGE, [workload('web', 'old')])).toEqual({ refused: [], unusable: [] })
  } finally {
    mend()
  }
})
