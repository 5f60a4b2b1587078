import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KubeClient } from '#kube/client.ts'
import type { WatchCodec } from '#kube/codec.ts'
import { controllerRevisionCodec, workloadCodec } from '#kube/codecs.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { projectControllerRevision } from '#kube/controller-revision-projection.ts'
import { jsonCodec } from '#kube/json-codec.ts'
import { apiVersion, CONTROLLER_REVISIONS, type Resource, resourcePath } from '#kube/resource.ts'
import {
  projectWorkload,
  WORKLOAD_KINDS,
  WORKLOAD_RESOURCES,
  type WorkloadKind,
} from '#kube/workload-projection.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { systemClock } from '#time/clock.ts'

let cluster: TestCluster
let connection: ClusterConnection
let client: KubeClient

beforeAll(async () => {
  cluster = await borrowCluster()
  connection = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  client = new KubeClient(connection)
})

afterAll(async () => {
  await connection?.close()
  await cluster?.stop()
})

async function create(resource: Resource, name: string, content: object, metadata = {}): Promise<void> {
  const head = { apiVersion: apiVersion(resource), kind: resource.kind }
  await client.create(resource, {
    ...head,
    metadata: { name, namespace: cluster.namespace, ...metadata },
    ...content,
  })
}

async function listed<T>(resource: Resource, codec: WatchCodec<T>): Promise<T[]> {
  const path = resourcePath(resource, { namespace: cluster.namespace })
  const { body } = await connection.request({ method: 'GET', path, accept: codec.listType })
  return [...codec.page(body).items]
}

/** The initial events of a WatchList, in the order of names. */
async function watched<T extends { name: string }>(resource: Resource, codec: WatchCodec<T>): Promise<T[]> {
  const stop = new AbortController()
  const stream = await connection.stream({
    method: 'GET',
    path: resourcePath(resource, { namespace: cluster.namespace }),
    signal: stop.signal,
    query: {
      watch: true,
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
      timeoutSeconds: 30,
    },
    accept: codec.watchType,
  })
  const splitter = codec.splitter()
  const seen: T[] = []
  let complete = false
  const read = stream.read((chunk) => {
    splitter.push(chunk, (frame) => {
      const event = codec.event(frame)
      if (event.type === 'ADDED') seen.push(event.item)
      else complete ||= event.type === 'BOOKMARK' && event.initialEventsEnd
    })
    if (complete) stop.abort()
  })
  await expect(read).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(complete).toBe(true)
  return seen.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** What every way of reading `resource` gives: it must be the same for all. */
async function readEveryWay<T extends { name: string }>(
  resource: Resource,
  protobuf: WatchCodec<T>,
  project: (raw: unknown) => T,
): Promise<T[]> {
  const json = await listed(resource, jsonCodec(project))
  expect(await listed(resource, protobuf)).toStrictEqual(json)
  expect(await watched(resource, jsonCodec(project))).toStrictEqual(json)
  expect(await watched(resource, protobuf)).toStrictEqual(json)
  return json
}

const selector = { app: 'x' }

const richTemplate = {
  metadata: { labels: selector, annotations: { note: '😀', 'tallyman.dev/keep': 'registry.local/agent:1' } },
  spec: {
    imagePullSecrets: [{ name: 'pull' }],
    initContainers: [
      { name: 'i', image: 'registry.local/init:1', imagePullPolicy: 'Never' },
      { name: 's', image: 'registry.local/sidecar:1', imagePullPolicy: 'Always', restartPolicy: 'Always' },
    ],
    containers: [
      { name: 'c', image: 'registry.local/app', env: [{ name: 'X', value: 'ä€😀' }] },
      { name: 'd', image: 'registry.local/b@sha256:00', imagePullPolicy: 'IfNotPresent' },
    ],
    volumes: [
      { name: 'scratch', emptyDir: {} },
      { name: 'data', image: { reference: 'registry.local/data:1', pullPolicy: 'Always' } },
    ],
  },
}

/** What must be known of `richTemplate`. */
const richPods = {
  hasPullSecrets: true,
  containers: [
    { kind: 'init', name: 'i', image: 'registry.local/init:1', pullPolicy: 'Never' },
    { kind: 'init', name: 's', image: 'registry.local/sidecar:1', pullPolicy: 'Always' },
    { kind: 'container', name: 'c', image: 'registry.local/app', pullPolicy: 'Always' },
    { kind: 'container', name: 'd', image: 'registry.local/b@sha256:00', pullPolicy: 'IfNotPresent' },
  ],
  volumeImages: ['registry.local/data:1'],
}

const smallTemplate = { metadata: { labels: selector }, spec: { containers: [{ name: 'c', image: 'a:1' }] } }

const smallPods = {
  keep: '',
  hasPullSecrets: false,
  containers: [{ kind: 'container', name: 'c', image: 'a:1', pullPolicy: 'IfNotPresent' }],
  volumeImages: [],
}

/** The spec of a kind around a pod template, as small as the API server takes it. */
function specOf(kind: WorkloadKind, template: { readonly metadata: object; readonly spec: object }): object {
  const once = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } }
  switch (kind) {
    case 'ReplicationController':
      return { selector, template }
    case 'Job':
      return { template: once }
    case 'CronJob':
      return { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: once } } }
    case 'StatefulSet':
      return { serviceName: 'x', selector: { matchLabels: selector }, template }
    default:
      return { selector: { matchLabels: selector }, template }
  }
}

const owner = { apiVersion: 'example.com/v1', kind: 'Owner', name: 'above', uid: 'u1', controller: true }

const changed: Partial<Record<WorkloadKind, { replicas?: number; suspend?: boolean }>> = {
  Deployment: { replicas: 0 },
  StatefulSet: { replicas: 3 },
  Job: { suspend: true },
  CronJob: { suspend: true },
}

describe('the projection of a workload', () => {
  it.each(WORKLOAD_KINDS)('is the same from JSON and protobuf, in lists and watches: %s', async (kind) => {
    const resource = WORKLOAD_RESOURCES[kind]
    await create(
      resource,
      'rich',
      { spec: { ...specOf(kind, richTemplate), ...changed[kind] } },
      { annotations: { other: 'x', 'tallyman.dev/keep': 'base/**' }, ownerReferences: [owner] },
    )
    await create(resource, 'small', { spec: specOf(kind, smallTemplate) })

    const seen = await readEveryWay(resource, workloadCodec(kind), projectWorkload(kind))

    const byDefault = kind === 'DaemonSet' || kind === 'Job' || kind === 'CronJob' ? undefined : 1
    const { replicas = byDefault, suspend: suspended = false } = changed[kind] ?? {}
    const common = {
      kind,
      namespace: cluster.namespace,
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      resourceVersion: expect.stringMatching(/^[0-9]+$/),
    }
    expect(seen).toStrictEqual([
      {
        ...common,
        ...richPods,
        name: 'rich',
        owner: { kind: 'Owner', name: 'above', uid: 'u1' },
        keep: 'base/**\nregistry.local/agent:1',
        replicas,
        suspended,
      },
      { ...common, ...smallPods, name: 'small', owner: undefined, replicas: byDefault, suspended: false },
    ])
  })

  it('has what the job template of a CronJob says to keep', async () => {
    const spec = specOf('CronJob', smallTemplate)
    await create(WORKLOAD_RESOURCES.CronJob, 'keeping', { spec })
    await client.patch(
      WORKLOAD_RESOURCES.CronJob,
      { namespace: cluster.namespace, name: 'keeping' },
      { spec: { jobTemplate: { metadata: { annotations: { 'tallyman.dev/keep': 'job:1' } } } } },
      { type: 'merge' },
    )
    const seen = await readEveryWay(
      WORKLOAD_RESOURCES.CronJob,
      workloadCodec('CronJob'),
      projectWorkload('CronJob'),
    )
    expect(seen.find(({ name }) => name === 'keeping')?.keep).toBe('job:1')
  })
})

describe('the projection of a ControllerRevision', () => {
  it('is the same from JSON and protobuf, whatever a controller has put into it', async () => {
    const ephemeralContainers = [{ name: 'e', image: 'registry.local/debug:1' }]
    const template = { ...richTemplate, spec: { ...richTemplate.spec, ephemeralContainers } }
    const data = { spec: { template: { $patch: 'replace', ...template } } }
    const metadata = {
      annotations: { 'tallyman.dev/keep': 'base/**' },
      ownerReferences: [{ ...owner, apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u2' }],
    }
    await create(CONTROLLER_REVISIONS, 'rich', { revision: 1, data }, metadata)
    await create(CONTROLLER_REVISIONS, 'strange', { revision: 2, data: { spec: ['ä', { template: 7 }] } })

    const seen = await readEveryWay(
      CONTROLLER_REVISIONS,
      controllerRevisionCodec(),
      projectControllerRevision,
    )

    // The API server fills in no defaults here: revisions hold what their controller wrote.
    const [init, sidecar, main, other] = richPods.containers
    expect(seen).toMatchObject([
      {
        ...richPods,
        name: 'rich',
        owner: { kind: 'StatefulSet', name: 'db', uid: 'u2' },
        keep: 'base/**\nregistry.local/agent:1',
        containers: [
          init,
          sidecar,
          { ...main, pullPolicy: '' },
          other,
          { kind: 'ephemeral', name: 'e', image: 'registry.local/debug:1', pullPolicy: '' },
        ],
        unreadable: false,
      },
      { name: 'strange', keep: '', containers: [], volumeImages: [], unreadable: false },
    ])
  })
})
