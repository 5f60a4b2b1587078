import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KubeClient } from '#kube/client.ts'
import type { WatchCodec } from '#kube/codec.ts'
import { nodeCodec, podCodec } from '#kube/codecs.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { jsonCodec } from '#kube/json-codec.ts'
import { projectNode } from '#kube/node-projection.ts'
import { projectPod } from '#kube/pod-projection.ts'
import { NODES, PODS, resourcePath } from '#kube/resource.ts'
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

async function listWith<T>(codec: WatchCodec<T>, path: string): Promise<T[]> {
  const { body } = await connection.request({ method: 'GET', path, accept: codec.listType })
  return [...codec.page(body).items]
}

async function pod(name: string, spec: object, status: object, metadata: object = {}): Promise<void> {
  const { namespace } = cluster
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, ...metadata }, spec }
  await client.create(PODS, object)
  await client.patch(PODS, { namespace, name }, { status }, { type: 'merge', subresource: 'status' })
}

describe('the projection of a pod', () => {
  it('is the same from JSON and from protobuf, for pods of every shape', async () => {
    const running = (name: string) => ({
      name,
      image: 'registry.local/a:1',
      imageID: 'registry.local/a@sha256:00',
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
    })
    const ended = (name: string, finishedAt: string) => ({
      ...running(name),
      state: { terminated: { exitCode: 0, finishedAt } },
    })
    await pod('small', { containers: [{ name: 'c', image: 'a' }] }, {})
    await pod(
      'rich',
      {
        nodeName: 'node-1',
        imagePullSecrets: [{ name: 'pull' }],
        initContainers: [{ name: 'i', image: 'init:1', imagePullPolicy: 'Never' }],
        containers: [
          {
            name: 'c',
            image: 'registry.local/a:1',
            imagePullPolicy: 'Always',
            env: [{ name: 'X', value: 'ä€😀' }],
          },
          { name: 'd', image: 'registry.local/b@sha256:00', imagePullPolicy: 'IfNotPresent' },
        ],
        volumes: [{ name: 'v', image: { reference: 'registry.local/data:1', pullPolicy: 'Always' } }],
      },
      {
        phase: 'Pending',
        containerStatuses: [
          { ...running('d'), imageID: '', state: { waiting: { reason: 'ImagePullBackOff', message: 'ä' } } },
          running('c'),
        ],
        initContainerStatuses: [ended('i', '2026-01-01T00:00:05Z')],
      },
      {
        annotations: {
          'k8s.io/initial-events-end': 'true',
          emoji: '😀',
          'tallyman.dev/keeping': 'no',
          'tallyman.dev/keep': 'registry.local/ä:1',
        },
        labels: { app: 'x' },
        finalizers: ['tallyman.dev/test'],
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Other', name: 'no', uid: 'u1' },
          { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'u2', controller: true },
        ],
      },
    )
    await pod(
      'deleting',
      { containers: [{ name: 'c', image: 'a' }] },
      {},
      { finalizers: ['tallyman.dev/test'] },
    )
    await client.delete(PODS, { namespace: cluster.namespace, name: 'deleting' })
    await pod(
      'finished',
      {
        containers: [
          { name: 'c', image: 'a' },
          { name: 'd', image: 'a' },
        ],
      },
      {
        phase: 'Succeeded',
        containerStatuses: [ended('c', '2026-01-01T00:00:09Z'), ended('d', '2026-01-01T00:00:07Z')],
      },
    )
    await pod('evicted', { containers: [{ name: 'c', image: 'a' }] }, { phase: 'Failed', reason: 'Evicted' })
    await client.patch(
      PODS,
      { namespace: cluster.namespace, name: 'rich' },
      { spec: { ephemeralContainers: [{ name: 'e', image: 'debug:1', targetContainerName: 'c' }] } },
      { type: 'merge', subresource: 'ephemeralcontainers' },
    )

    const path = resourcePath(PODS, {})
    const json = await listWith(jsonCodec(projectPod), path)
    const protobuf = await listWith(podCodec(), path)

    expect(protobuf).toStrictEqual(json)
    expect(json.map(({ name }) => name)).toEqual(['deleting', 'evicted', 'finished', 'rich', 'small'])
    const rich = json.find(({ name }) => name === 'rich')
    expect(rich).toMatchObject({
      nodeName: 'node-1',
      phase: 'Pending',
      owner: { kind: 'ReplicaSet', name: 'web-1', uid: 'u2' },
      keep: 'registry.local/ä:1',
      hasPullSecrets: true,
      deletionTimestamp: false,
      finishedAt: undefined,
      volumeImages: ['registry.local/data:1'],
      containers: [
        { kind: 'init', image: 'init:1', pullPolicy: 'Never' },
        {
          kind: 'container',
          image: 'registry.local/a:1',
          imageID: 'registry.local/a@sha256:00',
          pullPolicy: 'Always',
        },
        { kind: 'container', imageID: '', waitingReason: 'ImagePullBackOff' },
        { kind: 'ephemeral', image: 'debug:1' },
      ],
    })
    expect(json.find(({ name }) => name === 'finished')?.finishedAt).toBe(Date.UTC(2026, 0, 1, 0, 0, 9))
    expect(json.find(({ name }) => name === 'evicted')?.finishedAt).toBeUndefined()
    expect(json.find(({ name }) => name === 'deleting')?.deletionTimestamp).toBe(true)
    expect(json.every(({ createdAt }) => createdAt > Date.UTC(2026, 0, 1))).toBe(true)
  })
})

describe('the projection of a node', () => {
  it('is the same from JSON and from protobuf, before and after the kubelet reported', async () => {
    for (const name of ['n1', 'n2'])
      await client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name } })
    const nodeInfo = {
      machineID: '',
      systemUUID: '',
      bootID: '',
      kernelVersion: '',
      osImage: '',
      containerRuntimeVersion: '',
      kubeletVersion: '',
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'arm64',
    }
    const conditions = [
      { type: 'MemoryPressure', status: 'False' },
      { type: 'Ready', status: 'True' },
    ]
    const images = [
      { names: ['registry.local/a@sha256:00', 'registry.local/a:1'], sizeBytes: 5_000_000_000 },
      { names: ['<none>@<none>', ''] },
      { sizeBytes: 7 },
      { names: ['registry.local/b:ä'], sizeBytes: 3 },
    ]
    await client.patch(
      NODES,
      { name: 'n2' },
      { status: { nodeInfo, conditions, images } },
      { type: 'merge', subresource: 'status' },
    )

    const json = await listWith(jsonCodec(projectNode), resourcePath(NODES, {}))
    const protobuf = await listWith(nodeCodec(), resourcePath(NODES, {}))

    expect(protobuf).toStrictEqual(json)
    expect(json).toMatchObject([
      { name: 'n1', os: '', architecture: '', ready: false, images: [] },
      {
        name: 'n2',
        os: 'linux',
        architecture: 'arm64',
        ready: true,
        images: ['registry.local/a@sha256:00', 'registry.local/a:1', '<none>@<none>', 'registry.local/b:ä'],
      },
    ])
  })
})
