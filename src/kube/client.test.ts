import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KubeClient } from '#kube/client.ts'
import type { KubeObject } from '#kube/objects.ts'
import { CONFIG_MAPS, NAMESPACES, SECRETS } from '#kube/resource.ts'
import { readConfigMap, readSecret } from '#kube/secrets.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { type ProxiedCluster, proxied } from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

let cluster: TestCluster
let world: ProxiedCluster
let namespace: string

beforeAll(async () => {
  cluster = await borrowCluster()
  world = await proxied(cluster)
  namespace = cluster.namespace
})

afterAll(async () => {
  await world?.close()
  await cluster?.stop()
})

function configMap(name: string, data: Record<string, string>, metadata: object = {}): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...metadata }, data }
}

describe('KubeClient', () => {
  it('creates, reads, replaces, patches and deletes', async () => {
    const { client } = world
    const key = { namespace, name: 'one' }
    const created = await client.create<ConfigMap>(CONFIG_MAPS, configMap('one', { a: '1' }))
    const replaced = await client.replace<ConfigMap>(CONFIG_MAPS, {
      ...created,
      data: { a: '2' },
    } as ConfigMap)
    await client.patch(CONFIG_MAPS, key, { data: { b: '1' } }, { type: 'merge' })
    await client.patch(CONFIG_MAPS, key, [{ op: 'remove', path: '/data/a' }], { type: 'json' })
    const apply = { type: 'apply', fieldManager: 'test', force: true } as const
    await client.patch(CONFIG_MAPS, key, configMap('one', { c: 'ä' }), apply)
    expect((await client.get<ConfigMap>(CONFIG_MAPS, key)).data).toEqual({ b: '1', c: 'ä' })
    await expect(client.create(CONFIG_MAPS, configMap('NO', {}))).rejects.toMatchObject({
      code: 'KUBE_INVALID',
    })
    await expect(client.create(CONFIG_MAPS, configMap('one', {}))).rejects.toMatchObject({
      code: 'KUBE_CONFLICT',
      details: { reason: 'AlreadyExists' },
    })
    await expect(client.replace(CONFIG_MAPS, replaced)).rejects.toMatchObject({
      code: 'KUBE_CONFLICT',
      details: { reason: 'Conflict' },
    })
    await client.delete(CONFIG_MAPS, key)
    await expect(client.get(CONFIG_MAPS, key)).rejects.toMatchObject({ code: 'KUBE_NOT_FOUND' })
  })

  it('lists page by page, only what is selected', async () => {
    for (const name of ['p1', 'p2', 'p3']) {
      await world.client.create(CONFIG_MAPS, configMap(name, {}, { labels: { page: 'yes' } }))
    }
    const names: string[] = []
    const options = { namespace, limit: 2, labelSelector: 'page=yes' }
    for await (const { metadata } of world.client.list<ConfigMap>(CONFIG_MAPS, options))
      names.push(metadata.name)
    expect(names).toEqual(['p1', 'p2', 'p3'])
  })
})

describe('reading Secrets and ConfigMaps by name', () => {
  it('gives their data decoded', async () => {
    const data = { text: Buffer.from('ä').toString('base64'), bytes: '/wA=' }
    const metadata = { name: 's', namespace }
    await world.client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata, ...{ data } })
    const secret = await readSecret(world.client, { namespace, name: 's' })
    expect([secret.type, [...secret.data]]).toEqual([
      'Opaque',
      [
        ['bytes', Buffer.from([255, 0])],
        ['text', Buffer.from('ä')],
      ],
    ])
    await world.client.create(CONFIG_MAPS, {
      ...configMap('ca', { pem: 'ä' }),
      ...{ binaryData: { raw: '/w==' } },
    })
    const { data: map } = await readConfigMap(world.client, { namespace, name: 'ca' })
    expect(map).toEqual(
      new Map([
        ['pem', Buffer.from('ä')],
        ['raw', Buffer.from([255])],
      ]),
    )
  })

  it('says what is missing', async () => {
    await expect(readSecret(world.client, { namespace, name: 'none' })).rejects.toMatchObject({
      code: 'SECRET_NOT_FOUND',
      message: `Secret "none" does not exist in namespace "${namespace}"`,
    })
  })

  it('says which command grants what is forbidden, and works after it', async () => {
    const name = 'granted'
    await world.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    const metadata = { name: 's', namespace: name }
    await world.client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata })
    const operator = new KubeClient(world.operator)
    const refused = await readSecret(operator, { namespace: name, name: 's' }).catch(
      (error: unknown) => error,
    )
    expect(refused).toMatchObject({ code: 'SECRET_FORBIDDEN' })
    const [, command = ''] = /run: kubectl (.*)$/.exec(String(refused)) ?? []
    await cluster.kubectl(command.split(' '))
    // The authorizer learns of the binding by a watch.
    const granted = await eventually(() => readSecret(operator, { namespace: name, name: 's' }))
    expect(granted.data).toEqual(new Map())
  })
})
