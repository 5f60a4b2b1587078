import { afterAll, beforeAll, expect, test } from 'vitest'
import { containerImage } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { findingsOf } from './support/api.ts'
import { basicAuthSecret, pod, registry, registryCheck } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// Pull secrets (`credentials: Pod`) where a token server decides, which lets anybody read some repositories, and of workloads that have no pod.

const USER = { username: 'tally', password: 'right-horse' }
const HOST = 'shop.example.com'
/** Below this anybody may read. */
const OPEN = 'open/'

let world: World
let server: TestRegistry
let home: string

beforeAll(async () => {
  ;[world, server] = await Promise.all([
    startWorld(),
    startRegistry({
      version: '3',
      auth: {
        kind: 'token',
        ...USER,
        grant: ({ name, actions }, account) =>
          account === undefined && !name.startsWith(OPEN) ? [] : actions,
      },
    }),
  ])
  home = await world.namespace('pull-secrets-token')
  const writer = new StorageWriter(server.storageDir)
  for (const name of REPOSITORIES) writer.write(name, containerImage({ seed: name }), '1')
  const role = 'tallyman-pull-secrets'
  await world.cluster.kubectl([
    ...['create', 'rolebinding', role, '--namespace', home, '--clusterrole', role],
    ...['--serviceaccount', 'tallyman-system:tallyman'],
  ])
  await world.cluster.apply([
    basicAuthSecret(in_('user'), USER.username, USER.password),
    dockerConfig('good', { [HOST]: USER }),
    dockerConfig('expired', { [HOST]: { ...USER, password: 'wrong-horse' } }),
    dockerConfig('elsewhere', { 'other.example.com': USER }),
    dockerConfig('unreadable', { 'other.example.com': { auth: 'right-horse' } }),
    registry(in_('main'), {
      url: server.url,
      aliases: [{ host: HOST }],
      credentials: { pull: { secretRef: { name: 'user' } } },
      auth: { trustedRealms: [new URL(server.tokenServer?.realm ?? '').origin] },
    }),
    registryCheck(in_('as-pods'), { credentials: 'Pod', interval: '1h' }),
  ])
})

afterAll(async () => {
  await world.stop()
  await server.stop()
})

const PODS = [
  'open/elsewhere',
  'open/expired',
  'open/unreadable',
  'closed/good',
  'closed/elsewhere',
  'closed/unreadable',
]
const WORKLOADS = ['closed/scaled', 'closed/scaled-good', 'closed/nightly', 'open/daily', 'closed/waiting']
const REPOSITORIES = [...PODS, ...WORKLOADS, 'closed/failed']
const in_ = (name: string) => ({ namespace: home, name })

function dockerConfig(name: string, auths: object): object {
  const type = 'kubernetes.io/dockerconfigjson'
  const stringData = { '.dockerconfigjson': JSON.stringify({ auths }) }
  return { apiVersion: 'v1', kind: 'Secret', type, metadata: in_(name), stringData }
}

function spec(repository: string, more: object): object {
  const { spec: plain } = pod(in_('any'), `${HOST}/${repository}:1`)
  return { ...plain, imagePullSecrets: undefined, ...more }
}

const named = (...names: string[]) => ({ imagePullSecrets: names.map((name) => ({ name })) })

function running(repository: string, ...secrets: string[]): object {
  const metadata = in_(repository.replace('/', '-'))
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: spec(repository, named(...secrets)) }
}

function deployment(name: string, secret: string): object {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: spec(`closed/${name}`, named(secret)) }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: in_(name),
    spec: { replicas: 0, selector: { matchLabels: labels }, template },
  }
}

function cronJob(repository: string, more: object): object {
  const template = { spec: { restartPolicy: 'Never', ...spec(repository, more) } }
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: in_(repository.replace('/', '-')),
    spec: { schedule: '0 0 1 1 *', suspend: true, jobTemplate: { spec: { template } } },
  }
}

function job(name: string, secret: string): object {
  const template = { spec: { restartPolicy: 'Never', ...spec(`closed/${name}`, named(secret)) } }
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: in_(name), spec: { suspend: true, template } }
}

/** What is found, with what the messages say of the Secrets. */
async function found(): Promise<string[]> {
  const check = await world.api.run(in_('as-pods'))
  const messages = (check.status?.findings ?? []).map(({ message }) => message)
  expect(messages.join('')).not.toContain('horse')
  return findingsOf(check).map((finding, at) => {
    const [, secrets] = /\(Secret (.*?)\)/.exec(messages[at] ?? '') ?? []
    return `${finding}: ${secrets?.replace(`${home}/`, '')}`
  })
}

test('who may read without a login pulls with a Secret for another host, and not with one that is refused or unreadable', async () => {
  await world.cluster.apply([
    running('open/elsewhere', 'elsewhere'),
    running('open/expired', 'expired'),
    running('open/unreadable', 'unreadable'),
    running('closed/good', 'good'),
    running('closed/elsewhere', 'elsewhere'),
    running('closed/unreadable', 'good', 'unreadable'),
  ])
  const unreadable =
    'unreadable: the kubelet cannot read it: auth of the entry other.example.com is not the base64 of user:password'
  expect(await found()).toEqual([
    `closed/elsewhere:1 PullSecretRefused Warning: elsewhere: holds nothing for ${HOST}`,
    `closed/unreadable:1 PullSecretRefused Warning: ${unreadable}`,
    'open/expired:1 PullSecretRefused Warning: expired: is refused',
    `open/unreadable:1 PullSecretRefused Warning: ${unreadable}`,
  ])
})

test('a workload that has no pod is tried with what its template or its ServiceAccount names', async () => {
  await world.cluster.kubectl([
    'delete',
    'pods',
    '--all',
    '--namespace',
    home,
    '--grace-period',
    '0',
    '--force',
  ])
  await world.cluster.apply([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: in_('nightly'), ...named('gone') },
    deployment('scaled', 'expired'),
    deployment('scaled-good', 'good'),
    cronJob('closed/nightly', { serviceAccountName: 'nightly' }),
    cronJob('open/daily', { serviceAccountName: 'nightly' }),
    job('waiting', 'expired'),
    job('failed', 'expired'),
  ])
  const lastTransitionTime = '2026-01-01T00:00:00Z'
  const condition = (type: string) => ({
    type,
    status: 'True',
    reason: 'Test',
    message: '',
    lastTransitionTime,
  })
  const status = {
    startTime: lastTransitionTime,
    conditions: [condition('FailureTarget'), condition('Failed')],
  }
  await world.cluster.kubectl([
    ...['patch', 'job', 'failed', '--namespace', home, '--subresource', 'status', '--type', 'merge'],
    ...['--patch', JSON.stringify({ status })],
  ])
  expect(await found()).toEqual([
    'closed/nightly:1 PullSecretRefused Warning: gone: it does not exist',
    'closed/scaled:1 PullSecretRefused Warning: expired: is refused',
    'closed/waiting:1 PullSecretRefused Warning: expired: is refused',
    'open/daily:1 PullSecretUnusable Info: undefined',
  ])
  const check = await world.api.check(in_('as-pods'))
  // A Job that has failed pulls nothing any more.
  expect(check.status?.pullSecrets).toEqual({ workloads: WORKLOADS.length, unread: 0 })
  expect(check.status?.findings?.[0]?.message).toContain(`local/${home}/CronJob/closed-nightly`)
})
