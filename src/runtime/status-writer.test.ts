import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { RegistryStatus } from '#crds/registry.ts'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import type { Resource } from '#kube/resource.ts'
import { type CustomObject, customObjectReader } from '#runtime/custom-object.ts'
import { markReady } from '#runtime/kstatus-marks.ts'
import { Metrics } from '#runtime/metrics.ts'
import type { Change } from '#runtime/object-store.ts'
import { needsReconcile } from '#runtime/predicates.ts'
import { ResourceWatch } from '#runtime/resource-watch.ts'
import { StatusWriter } from '#runtime/status-writer.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { checkKstatus } from '#test/harness/kstatus.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'

const REGISTRIES: Resource = {
  group: 'tallyman.dev',
  version: 'v1alpha1',
  plural: 'registries',
  kind: 'Registry',
  namespaced: true,
}
type Registry = CustomObject<RegistryStatus>

let cluster: TestCluster

beforeAll(async () => {
  cluster = await borrowCluster({ crds: true })
})
afterAll(() => cluster.stop())

async function setUp() {
  const connection = await connect({ kubeconfig: await cluster.operatorKubeconfig(), clock: systemClock })
  onTestFinished(() => connection.close())
  const client = new KubeClient(connection)
  let leads = true
  const writer = new StatusWriter(client, {
    requestTimeoutMs: 8_000,
    assertLeader: () => {
      if (!leads) throw new TallymanError('LEADERSHIP_LOST', 'standing by')
    },
  })
  const create = async (name: string) => {
    const metadata = { name, namespace: cluster.namespace }
    const spec = { url: 'https://registry.example' }
    await cluster.apply([{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'Registry', metadata, spec }])
    return await client.get<Registry>(REGISTRIES, metadata)
  }
  const edit = async (name: string, patch: object, ...more: string[]) => {
    const args = ['patch', 'registry.tallyman.dev', name, '-n', cluster.namespace, '--type=merge']
    await cluster.kubectl([...args, '-p', JSON.stringify(patch), ...more])
  }
  const resign = () => {
    leads = false
  }
  return { connection, client, writer, create, edit, resign }
}

const ready = (object: Registry): RegistryStatus => {
  const stamp = { generation: object.metadata.generation ?? 0, now: Date.UTC(2026, 0, 1) }
  return { ...object.status, ...markReady(object.status ?? {}, stamp, 'probed') }
}

describe('a status write', () => {
  test('changes only the status, and nothing at all where nothing differs', async () => {
    const { writer, create } = await setUp()
    const object = await create('plain')
    const written = await writer.write(REGISTRIES, object, {
      ...ready(object),
      lastHandledReconcileAt: 'one',
    })
    checkKstatus(written)
    expect(written.metadata.generation).toBe(object.metadata.generation)
    expect(written.metadata.resourceVersion).not.toBe(object.metadata.resourceVersion)
    expect(await writer.write(REGISTRIES, written, { ...written.status })).toBe(written)

    const { lastHandledReconcileAt: _, ...rest } = written.status ?? {}
    const shorter = await writer.write(REGISTRIES, written, rest)
    expect(shorter.status).toEqual(rest)
  })

  test('goes through when only a label was written meanwhile', async () => {
    const { writer, create, edit } = await setUp()
    const object = await create('labelled')
    await edit('labelled', { metadata: { labels: { touched: 'yes' } } })
    const written = await writer.write(REGISTRIES, object, ready(object))
    expect(written.metadata.labels).toMatchObject({ touched: 'yes' })
    checkKstatus(written)
  })

  test('S21: goes through when the object was only suspended meanwhile', async () => {
    const { writer, create, edit } = await setUp()
    const object = await create('suspended')
    await edit('suspended', { spec: { suspend: true } })
    const written = await writer.write(REGISTRIES, object, ready(object))
    expect(written.spec).toMatchObject({ suspend: true })
    expect(written.status?.observedGeneration).toBe(object.metadata.generation)
  })

  test('of two tasks is computed anew from what the other one wrote, or left out', async () => {
    const { writer, create } = await setUp()
    const object = await create('shared')
    const seen: (string | undefined)[] = []
    const first = await writer.update(REGISTRIES, object, () => ({ lastHandledReconcileAt: 'first' }))
    const second = await writer.update(REGISTRIES, object, (status) => {
      seen.push(status?.lastHandledReconcileAt)
      return { ...status, product: 'distribution-3' }
    })
    expect(seen).toEqual([undefined, 'first'])
    expect(second?.status).toMatchObject({ lastHandledReconcileAt: 'first', product: 'distribution-3' })

    const third = await writer.update(REGISTRIES, first ?? object, (status) =>
      status?.product === undefined ? { ...status, product: 'unknown' } : undefined,
    )
    expect(third).toBeUndefined()
  })

  test('that is computed anew is refused all the same when the spec changed', async () => {
    const { writer, create, edit } = await setUp()
    const object = await create('shared-edited')
    await edit('shared-edited', { spec: { url: 'https://other.example' } })
    await expect(writer.update(REGISTRIES, object, () => ready(object))).rejects.toMatchObject({
      code: 'KUBE_CONFLICT',
    })
  })

  test('is refused when the spec changed, or another leader wrote, since it was read', async () => {
    const { writer, create, edit, client } = await setUp()
    const object = await create('edited')
    await edit('edited', { spec: { url: 'https://other.example' } })
    await expect(writer.write(REGISTRIES, object, ready(object))).rejects.toMatchObject({
      code: 'KUBE_CONFLICT',
    })

    const again = await client.get<Registry>(REGISTRIES, object.metadata)
    await edit('edited', { status: { lastHandledReconcileAt: 'theirs' } }, '--subresource=status')
    await expect(writer.write(REGISTRIES, again, ready(again))).rejects.toMatchObject({
      code: 'KUBE_CONFLICT',
    })
  })

  test('does not happen without leadership', async () => {
    const { writer, create, client, resign } = await setUp()
    const object = await create('standby')
    resign()
    await expect(writer.write(REGISTRIES, object, ready(object))).rejects.toMatchObject({
      code: 'LEADERSHIP_LOST',
    })
    const now = await client.get<Registry>(REGISTRIES, object.metadata)
    expect(now.metadata.resourceVersion).toBe(object.metadata.resourceVersion)
  })
})

test('a watch brings every change of a kind, and our own status write wakes nobody', async () => {
  const { connection, writer, create, edit } = await setUp()
  const first = await create('watched')
  const metrics = new Metrics()
  const watch = new ResourceWatch<Registry>({
    connection,
    resource: REGISTRIES,
    namespace: cluster.namespace,
    read: customObjectReader(REGISTRIES, RegistryStatus),
    clock: systemClock,
    log: pino({ level: 'silent' }),
    metrics,
  })
  onTestFinished(async () => {
    await watch.stop()
    metrics.close()
  })
  const key = `${cluster.namespace}/watched`
  const changes: Change<Registry>[] = []
  watch.store.onChange((change) => {
    if (change.key === key) changes.push(change)
  })
  watch.start()
  await watch.whenSynced()
  expect(changes).toMatchObject([{ initial: true, current: { metadata: { name: 'watched' } } }])
  expect(watch.store.get(key)?.spec).toMatchObject({ url: 'https://registry.example' })

  await writer.write(REGISTRIES, first, ready(first))
  await eventually(() => watch.store.get(key)?.status?.observedGeneration === 1)
  await edit('watched', { metadata: { annotations: { 'tallyman.dev/requestedAt': 'now' } } })
  await eventually(() => changes.length === 3)
  await edit('watched', { spec: { url: 'https://other.example' } })
  await eventually(() => changes.length === 4)
  await cluster.kubectl(['delete', 'registry.tallyman.dev', 'watched', '-n', cluster.namespace])
  await eventually(() => changes.length === 5)
  expect(changes.map(({ old, current }) => needsReconcile(old, current))).toEqual([
    true,
    false,
    true,
    true,
    true,
  ])
  expect(watch.store.get(key)).toBeUndefined()
  const text = await metrics.render()
  expect(text).toMatch(/tallyman_watch_list_duration_seconds_count\{.*resource="registries".*\} 1/)
})
