import { afterAll, beforeAll, expect, test } from 'vitest'
import { REGISTRY_CHECKS } from '#controllers/resources.ts'
import { containerImage } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { conditionText, findingsOf } from './support/api.ts'
import { basicAuthSecret, pod, registry, registryCheck } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// Images as their pods would pull them: with the Secrets that they or their ServiceAccounts name (`credentials: Pod`).

const USER = { username: 'tally', password: 'right-horse' }
const HOST = 'shop.example.com'

let world: World
let server: TestRegistry
let home: string

beforeAll(async () => {
  ;[world, server] = await Promise.all([
    startWorld(),
    startRegistry({ version: '2.8', auth: { kind: 'basic', ...USER } }),
  ])
  home = await world.namespace('pull-secrets')
  const writer = new StorageWriter(server.storageDir)
  for (const name of IMAGES) writer.write(`app/${name}`, containerImage({ seed: name }), '1')
  await world.cluster.apply([
    basicAuthSecret(in_('user'), USER.username, USER.password),
    dockerConfig('good', HOST, USER.password),
    dockerConfig('expired', HOST, 'wrong-horse'),
    dockerConfig('elsewhere', 'other.example.com', USER.password),
    secret('broken', '{}', 'Opaque'),
    account('with-good', 'good'),
    account('with-expired', 'expired'),
    user('good', { imagePullSecrets: [{ name: 'good' }] }),
    user('expired', { imagePullSecrets: [{ name: 'expired' }] }),
    user('missing', { imagePullSecrets: [{ name: 'nobody-made-it' }] }),
    user('elsewhere', { imagePullSecrets: [{ name: 'elsewhere' }] }),
    user('second', { imagePullSecrets: [{ name: 'expired' }, { name: 'good' }] }),
    user('spare', { imagePullSecrets: [{ name: 'broken' }, { name: 'good' }] }),
    user('account', { serviceAccountName: 'with-good' }),
    user('account-expired', { serviceAccountName: 'with-expired' }),
    user('none', {}),
    registry(in_('main'), {
      url: server.url,
      aliases: [{ host: HOST }],
      credentials: { pull: { secretRef: { name: 'user' } } },
    }),
    registryCheck(in_('as-pods'), { credentials: 'Pod', interval: '1h' }),
  ])
})

afterAll(async () => {
  await world.stop()
  await server.stop()
})

const IMAGES = [
  ...['good', 'expired', 'missing', 'elsewhere', 'second', 'spare'],
  ...['account', 'account-expired', 'none'],
]
const in_ = (name: string) => ({ namespace: home, name })

function secret(name: string, config: string, type = 'kubernetes.io/dockerconfigjson'): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type,
    metadata: in_(name),
    stringData: { '.dockerconfigjson': config },
  }
}

function dockerConfig(name: string, host: string, password: string): object {
  return secret(name, JSON.stringify({ auths: { [host]: { username: USER.username, password } } }))
}

function account(name: string, pullSecret: string): object {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: in_(name),
    imagePullSecrets: [{ name: pullSecret }],
  }
}

function user(name: string, spec: object): object {
  const made = pod(in_(name), `${HOST}/app/${name}:1`)
  return { ...made, spec: { ...made.spec, imagePullSecrets: undefined, ...spec } }
}

test('what may not be read is said, and no image is called broken for it', async () => {
  const check = await world.api.run(in_('as-pods'))
  expect(conditionText(check.status?.conditions ?? [], 'Healthy')).toBe('True AllHealthy')
  expect(check.status?.pullSecrets).toEqual({
    workloads: 0,
    unread: IMAGES.length,
    message: `The pull secrets of namespace "${home}" may not be read; run: kubectl create rolebinding tallyman-pull-secrets --namespace ${home} --clusterrole tallyman-pull-secrets --serviceaccount tallyman-system:tallyman`,
  })
})

test('a Secret that is expired, missing or for another host is found before the reschedule, and named without its content', async () => {
  const role = 'tallyman-pull-secrets'
  await world.cluster.kubectl([
    ...['create', 'rolebinding', role, '--namespace', home, '--clusterrole', role],
    ...['--serviceaccount', 'tallyman-system:tallyman'],
  ])
  const check = await world.api.run(in_('as-pods'))
  expect(findingsOf(check)).toEqual([
    'app/account-expired:1 PullSecretRefused Warning',
    'app/elsewhere:1 PullSecretRefused Warning',
    'app/expired:1 PullSecretRefused Warning',
    'app/missing:1 PullSecretRefused Warning',
    'app/spare:1 PullSecretUnusable Info',
  ])
  expect(check.status?.images).toMatchObject({ healthy: IMAGES.length - 4, unhealthy: 4, unknown: 0 })
  expect(conditionText(check.status?.conditions ?? [], 'Healthy')).toBe('False ProblemsFound')
  expect(check.status?.pullSecrets).toEqual({ workloads: IMAGES.length, unread: 0 })
  const messages = (check.status?.findings ?? []).map(({ message }) => message)
  const who = (name: string) => `local/${home}/Pod/${name}`
  expect(messages).toEqual([
    expect.stringContaining(`${who('account-expired')} (Secret ${home}/expired: is refused)`),
    expect.stringContaining(`${who('elsewhere')} (Secret ${home}/elsewhere: holds nothing for ${HOST})`),
    expect.stringContaining(`${who('expired')} (Secret ${home}/expired: is refused)`),
    expect.stringContaining(`${who('missing')} (Secret ${home}/nobody-made-it: it does not exist)`),
    expect.stringContaining(
      `Secret ${home}/broken: it is of type Opaque, and not kubernetes.io/dockerconfigjson`,
    ),
  ])
  expect(messages.join('')).not.toContain('horse')
})

test('a Secret that is corrected is found good, and nothing is tried where nobody asks for it', async () => {
  await world.cluster.apply([dockerConfig('expired', HOST, USER.password)])
  const mended = await world.api.run(in_('as-pods'))
  expect(findingsOf(mended)).toEqual([
    'app/elsewhere:1 PullSecretRefused Warning',
    'app/missing:1 PullSecretRefused Warning',
    'app/spare:1 PullSecretUnusable Info',
  ])
  await world.api.patch(REGISTRY_CHECKS, in_('as-pods'), { spec: { credentials: 'Registry' } })
  const plain = await world.api.run(in_('as-pods'))
  expect(plain.status?.pullSecrets).toBeUndefined()
  expect(findingsOf(plain)).toEqual([])
})
