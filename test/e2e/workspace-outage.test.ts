import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REGISTRIES } from '#controllers/resources.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { logLines, type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { conditionText, messageOf, settled } from './support/api.ts'
import { basicAuthSecret, pod, registry, registryCheck } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// Reports that are kept in another registry, and one that takes none: what is said then, and where.

const USER = { username: 'tally', password: 'right-horse' }
const HOST = 'shop.example.com'
const CHECK = 'in-use'

let world: World
let images: TestRegistry
let front: FaultProxy
let ops: TestRegistry
/** The same storage as ops, and nothing is written to it. */
let readOnly: TestRegistry
let operator: OperatorProcess
let home: string

beforeAll(async () => {
  const auth = { kind: 'basic', ...USER } as const
  ;[world, images, ops] = await Promise.all([
    startWorld(),
    startRegistry({ version: '3' }),
    startRegistry({ version: '2.8', auth }),
  ])
  const { storageDir } = ops
  readOnly = await startRegistry({ version: '2.8', auth, storageDir, readOnly: true })
  front = await startFaultProxy({ upstream: images.url })
  operator = world.operator
  home = await world.namespace('workspace-outage')
  const user = { secretRef: { name: 'user' } }
  await world.cluster.apply([
    basicAuthSecret(in_('user'), USER.username, USER.password),
    registry(in_('ops'), { url: ops.url, credentials: { pull: user, push: user } }),
    registry(in_('main'), {
      url: front.url,
      aliases: [{ host: HOST }],
      workspace: { prefix: 'reports-of/shop', registryRef: { name: 'ops' } },
    }),
  ])
})

afterAll(async () => {
  await operator.stop()
  await world.stop()
  await Promise.all([front.stop(), images.stop(), ops.stop(), readOnly.stop()])
})

const in_ = (name: string) => ({ namespace: home, name })

/** Puts another image in use, so that the next report says something new. */
async function useImage(name: string): Promise<void> {
  new StorageWriter(images.storageDir).write(`app/${name}`, containerImage({ seed: name }), '1')
  await world.cluster.apply([pod(in_(name), `${HOST}/app/${name}:1`)])
}

/** Runs the check until it has seen so many images, and waits for what is said of its report. */
async function runUntil(total: number, says: (report: { message?: string | undefined }) => boolean) {
  const run = await eventually(
    async () => {
      const check = await world.api.run(in_(CHECK))
      return check.status?.images?.total === total ? check : undefined
    },
    { message: `a run over ${total} images`, timeoutMs: 60_000 },
  )
  return await eventually(
    async () => {
      const check = await world.api.check(in_(CHECK))
      const { report } = check.status ?? {}
      const isOfRun = report?.message !== undefined || report?.finishedAt === run.status?.run?.finishedAt
      return report !== undefined && isOfRun && says(report) ? check : undefined
    },
    { message: 'what is said of the report', timeoutMs: 120_000 },
  )
}

/** How often an event of this reason happened: all of them are one, with a count. */
async function timesTold(reason: string): Promise<number> {
  const found = await world.api.events('RegistryCheck', in_(CHECK))
  return found
    .filter((event) => event.reason === reason)
    .reduce((sum, { series }) => sum + (series?.count ?? 1), 0)
}

const main = () => world.api.registry(in_('main'))
const isKept = ({ message }: { message?: string | undefined }) => message === undefined

test('a workspace in another registry: reports lie there, and nothing is written to the one that is checked', async () => {
  await useImage('first')
  await world.cluster.apply([registryCheck(in_(CHECK), { interval: '1h' })])
  const { status } = await runUntil(1, isKept)
  const repository = `reports-of/shop/reports/${home}/${CHECK}`
  expect(status?.report?.reference).toMatch(new RegExp(`^${ops.host}/${repository}@sha256:[0-9a-f]{64}$`))
  const written = front.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')
  expect(written).toEqual([])
  await settled(main, { WorkspaceReady: 'True ReportKept', Ready: 'True Succeeded' })
  // Nothing is said where nobody has tried.
  const { status: other } = await world.api.registry(in_('ops'))
  expect(conditionText(other?.conditions ?? [], 'WorkspaceReady')).toBeUndefined()
})

async function saysSoAndStaysGreen(total: number, why: RegExp): Promise<void> {
  const { status } = await runUntil(total, ({ message = '' }) => why.test(message))
  expect(status?.report?.message).toMatch(/^The report is not kept: /)
  expect(conditionText(status?.conditions ?? [], 'Healthy')).toBe('True AllHealthy')
  const registryObject = await settled(main, {
    WorkspaceReady: 'False ReportNotKept',
    Ready: 'True Succeeded',
  })
  expect(messageOf(registryObject, 'WorkspaceReady')).toMatch(
    /^The report of RegistryCheck in-use is not kept: /,
  )
  expect(messageOf(registryObject, 'WorkspaceReady')).toMatch(why)
  await world.api.checkRules(home)
  const served = await fetch(`${await operator.url()}/reports/${home}/${CHECK}/report.json`)
  const atTheSecond = status?.run?.finishedAt?.replace('Z', '') ?? 'no run'
  expect(await served.json()).toMatchObject({
    run: { finishedAt: expect.stringContaining(atTheSecond) },
    images: Array.from({ length: total }, () => expect.objectContaining({ state: 'healthy' })),
  })
}

test('a workspace that is read-only: the report is served all the same, what is wrong is said, and images stay green', async () => {
  await world.api.patch(REGISTRIES, in_('ops'), { spec: { url: readOnly.url } })
  await useImage('second')
  await saysSoAndStaysGreen(2, /405|unsupported/i)
  await runUntil(2, ({ message }) => message !== undefined)

  await world.api.patch(REGISTRIES, in_('ops'), { spec: { url: ops.url } })
  await runUntil(2, isKept)
  await settled(main, { WorkspaceReady: 'True ReportKept' })
  await eventually(async () => (await timesTold('ReportKept')) === 1)
  expect(await timesTold('ReportNotKept')).toBe(1)
})

test('a workspace that is down: the same, and after a restart it is logged that no report came back', async () => {
  await ops.down()
  await useImage('third')
  await saysSoAndStaysGreen(3, /connection/)
  await eventually(async () => (await timesTold('ReportNotKept')) === 2)

  await operator.stop()
  const kubeconfig = await world.cluster.operatorKubeconfig()
  const logFile = path.join(world.cluster.stateDir, 'operator-after.log')
  operator = await startOperator({ kubeconfig, logFile })
  const line = await eventually(
    async () =>
      (await logLines(logFile)).find(({ msg }) => msg === 'report not read back from the workspace'),
    { message: 'that the report is not read back', timeoutMs: 120_000 },
  )
  expect(line).toMatchObject({ level: 'warn', check: `${home}/${CHECK}`, code: 'REGISTRY_UNREACHABLE' })
  expect(JSON.stringify(line)).not.toContain(USER.password)

  await ops.up()
  await runUntil(3, isKept)
  await settled(main, { WorkspaceReady: 'True ReportKept' })
})
