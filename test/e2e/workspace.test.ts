import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { startOperator } from '#test/harness/operator.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { conditionText } from './support/api.ts'
import { basicAuthSecret, pod, registry, registryCheck } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// Reports that are kept in a registry: what is written where, who may read it, and what a restart finds.

const USER = { username: 'tally', password: 'man' }

let world: World
let closed: TestRegistry
let open: TestRegistry
let front: FaultProxy
let home: string

beforeAll(async () => {
  ;[world, closed, open] = await Promise.all([
    startWorld(),
    startRegistry({ version: '2.8', auth: { kind: 'basic', ...USER } }),
    startRegistry({ version: '3' }),
  ])
  front = await startFaultProxy({ upstream: closed.url })
  home = await world.namespace('workspace')
  for (const { storageDir } of [closed, open]) {
    const writer = new StorageWriter(storageDir)
    for (const name of ['whole', 'broken']) writer.write(`app/${name}`, containerImage({ seed: name }), '1')
    damage('layer-missing', { storageDir, repository: 'app/broken', reference: '1' })
  }
  await world.cluster.apply([basicAuthSecret(in_('user'), USER.username, USER.password)])
})

afterAll(async () => {
  await world.stop()
  await Promise.all([front.stop(), closed.stop(), open.stop()])
})

const in_ = (name: string) => ({ namespace: home, name })

/** A Registry, a check of all that is in it, and a Deployment's worth of use. */
async function given(name: string, url: string, spec: object): Promise<void> {
  const host = `${name}.example.com`
  await world.cluster.apply([
    pod(in_(`${name}-user`), `${host}/app/broken:1`),
    registry(in_(name), { url, aliases: [{ host }], ...spec }),
    registryCheck(in_(name), { registryRef: { name }, scope: 'All', interval: '1h' }),
  ])
  await eventually(async () => (await world.api.check(in_(name))).status?.report !== undefined, {
    message: `a report of ${name}`,
    timeoutMs: 60_000,
  })
}

const SECRET = { secretRef: { name: 'user' } }

test('a report is kept when it says something new, in the workspace and nowhere else, and outlives the process', async () => {
  const writes = () => front.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')
  await given('closed', front.url, {
    credentials: { pull: SECRET, push: SECRET },
    workspace: { prefix: 'ops/tallyman' },
  })
  const first = await world.api.run(in_('closed'))
  const reference = first.status?.report?.reference
  const repository = `ops/tallyman/reports/${home}/closed`
  expect(first.status?.report).toEqual({
    reference: expect.stringMatching(`^127\\.0\\.0\\.1:\\d+/${repository}@sha256:[0-9a-f]{64}$`),
    time: expect.any(String),
    finishedAt: expect.any(String),
  })
  // S08: what we keep ourselves is in no scope.
  expect(first.status?.images).toMatchObject({ total: 2, inUse: 1, unhealthy: 1 })

  const written = writes().length
  const second = await world.api.run(in_('closed'))
  const { finishedAt } = second.status?.run ?? {}
  await eventually(
    async () => (await world.api.check(in_('closed'))).status?.report?.finishedAt === finishedAt,
    { message: 'what is kept to speak of the second run' },
  )
  expect((await world.api.check(in_('closed'))).status?.report).toEqual({
    ...first.status?.report,
    finishedAt,
  })
  expect(writes()).toHaveLength(written)
  expect(new Set(writes().map(({ path: at }) => at.replace(/\/(blobs|manifests)\/.*$/, '')))).toEqual(
    new Set([`/v2/${repository}`]),
  )

  await world.operator.stop()
  const kubeconfig = await world.cluster.operatorKubeconfig()
  const logFile = path.join(world.cluster.stateDir, 'operator-2.log')
  const operator = await startOperator({ kubeconfig, logFile })
  try {
    const url = await operator.url()
    const report = await eventually(
      async () => {
        const answer = await fetch(`${url}/reports/${home}/closed/report.json`)
        return answer.ok ? await answer.json() : undefined
      },
      { message: 'the report that was kept', timeoutMs: 60_000 },
    )
    expect(report).toMatchObject({
      run: { finishedAt: second.status?.run?.finishedAt },
      findings: [{ code: 'LayerMissing', users: [{ name: 'closed-user' }] }],
    })
    new StorageWriter(closed.storageDir).write('app/new', containerImage({ seed: 'new' }), '1')
    const third = await world.api.run(in_('closed'))
    await eventually(
      async () => (await world.api.check(in_('closed'))).status?.report?.reference !== reference,
      { message: 'another report' },
    )
    expect(third.status?.findings?.[0]?.firstSeen).toBe(first.status?.findings?.[0]?.firstSeen)
  } finally {
    await operator.stop()
  }
})

test('S22: a report that an earlier run left is not shown as that of a later one', async () => {
  const push = front.hold({ method: ['POST', 'PUT', 'PATCH'] })
  const start = async (name: string) =>
    startOperator({
      kubeconfig: await world.cluster.operatorKubeconfig(),
      logFile: path.join(world.cluster.stateDir, name),
    })
  const killed = await start('operator-killed.log')
  damage('layer-missing', { storageDir: closed.storageDir, repository: 'app/whole', reference: '1' })
  const run = await world.api.run(in_('closed'))
  expect(run.status?.images?.unhealthy).toBe(2)
  await killed.stop(0)
  push.release()
  const operator = await start('operator-after.log')
  try {
    const url = await operator.url()
    const answers = async () => (await fetch(`${url}/reports/${home}/closed/report.json`)).status
    await eventually(async () => (await fetch(`${url}/nagios/${home}/closed`)).ok)
    expect(await answers()).toBe(503)
    await world.api.run(in_('closed'))
    await eventually(async () => (await answers()) === 200, { message: 'the report of the next run' })
  } finally {
    await operator.stop()
  }
})

test('S19: where anybody may read, no workload is named', async () => {
  const logFile = path.join(world.cluster.stateDir, 'operator-3.log')
  const operator = await startOperator({ kubeconfig: await world.cluster.operatorKubeconfig(), logFile })
  try {
    await given('open', open.url, { workspace: {} })
    const { status } = await world.api.run(in_('open'))
    expect(status?.report).toMatchObject({ redacted: true })
    const digest = status?.report?.reference?.split('@')[1]
    const manifest = await fetch(`${open.url}/v2/tallyman/reports/${home}/open/manifests/${digest}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    })
    const { layers } = (await manifest.json()) as { layers: { digest: string }[] }
    const texts = await Promise.all(
      layers.map(async (layer) =>
        (await fetch(`${open.url}/v2/tallyman/reports/${home}/open/blobs/${layer.digest}`)).text(),
      ),
    )
    expect(texts.join('')).toContain('LayerMissing')
    expect(texts.join('')).not.toContain('open-user')

    await given('denied', closed.url, { credentials: { pull: SECRET }, workspace: {} })
    const denied = await world.api.run(in_('denied'))
    expect(denied.status?.report?.message).toMatch(/^The report is not kept: .*(authori|credential)/i)
    expect(denied.status?.report?.reference).toBeUndefined()
    expect(conditionText(denied.status?.conditions ?? [], 'Healthy')).toBe('False ProblemsFound')

    await given('absent', closed.url, {
      credentials: { pull: SECRET },
      workspace: { registryRef: { name: 'nowhere' } },
    })
    const absent = await world.api.run(in_('absent'))
    expect(absent.status?.report?.message).toContain(
      `spec.workspace.registryRef: there is no Registry ${home}/nowhere`,
    )
  } finally {
    await operator.stop()
  }
})
