import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LiveInventory } from '#clusters/live-inventory.ts'
import { DEFAULT_SOURCES, type SourcesConfig } from '#clusters/sources-config.ts'
import { compileImageRules } from '#inventory/image-rules.ts'
import { whoUses } from '#inventory/who-uses.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { DEPLOYMENTS, NODES, PODS, SECRETS } from '#kube/resource.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { helmReleaseSecret, helmSecret } from '#test/harness/helm-release.ts'
import { clusterOver, inventoryConfig } from '#test/harness/live-inventory.ts'
import { hurriedClock, silentLog } from '#test/harness/reflected.ts'
import { MAY_READ_ROLLOUTS, ROLLOUT, ROLLOUT_CRD } from '#test/harness/rollout-crd.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'

const DIGESTS = ['1', '2', '3', '4'].map((digit) => `sha256:${digit.repeat(64)}`)
const [FIRST = '', SECOND = '', THIRD = '', CONFIG = ''] = DIGESTS
/** Namespaces of Helm releases: of one, somebody may break a release without the others being in doubt. */
const RELEASES = 'releases'
const BROKEN_RELEASES = 'broken-releases'

/** Every source there is. What is not there, or can't be read, is reported and blocks nothing. */
const SOURCES: SourcesConfig = {
  ...DEFAULT_SOURCES,
  helmReleases: { namespaces: [RELEASES, BROKEN_RELEASES], blocks: false },
  custom: [
    {
      ...ROLLOUT,
      blocks: false,
      rules: compileImageRules([
        { path: 'spec.template.spec.containers[*].image' },
        {
          join: { path: 'spec.images[*]', registry: 'reg', repository: 'repo', tag: 'tag', digest: 'digest' },
        },
        { search: { path: 'spec.steps', key: '*Image' } },
      ]),
    },
    {
      ...{ group: 'apps', version: 'v1', kind: 'Deployment', blocks: false },
      rules: compileImageRules([
        { named: { path: 'spec.template.spec.containers[*].env[*]', name: 'RELATED_IMAGE_*' } },
      ]),
    },
  ],
}

let cluster: TestCluster
let admin: ClusterConnection
let operator: ClusterConnection
let client: KubeClient
let live: LiveInventory

beforeAll(async () => {
  cluster = await startCluster({ controllers: true })
  admin = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  operator = await connect({ kubeconfig: await cluster.operatorKubeconfig(), clock: systemClock })
  client = new KubeClient(admin)
  await cluster.apply([
    ...[RELEASES, BROKEN_RELEASES].flatMap(namespaceOfReleases),
    ROLLOUT_CRD,
    MAY_READ_ROLLOUTS,
  ])
  live = watching(SOURCES)
  await live.whenSynced()
  await eventually(() => live.snapshot().clusters[0]?.sources.every(({ state }) => state === 'synced'))
})

afterAll(async () => {
  await live?.stop()
  await Promise.all([admin?.close(), operator?.close()])
  await cluster?.stop()
})

/** A namespace in which the operator may list Secrets. */
function namespaceOfReleases(name: string): object[] {
  const roleRef = {
    apiGroup: 'rbac.authorization.k8s.io',
    kind: 'ClusterRole',
    name: 'tallyman-helm-releases',
  }
  const subjects = [{ kind: 'ServiceAccount', name: 'tallyman', namespace: 'tallyman-system' }]
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'tallyman-helm-releases', namespace: name },
      roleRef,
      subjects,
    },
  ]
}

function watching(sources: SourcesConfig): LiveInventory {
  const config = inventoryConfig([clusterOver('here', operator)], { sources })
  const started = new LiveInventory({ config, memory: 'none', clock: hurriedClock, log: silentLog })
  started.start()
  return started
}

const useOf = (image: string, of = live) => of.snapshot().images.find((use) => use.image === image)
const kindsOf = (image: string, of = live) => useOf(image, of)?.kinds.join()
/** `use kind/name` of each workload. */
const usersOf = (image: string) =>
  whoUses(live.inventory.clusters, { images: [image] }, 10).flatMap(({ workloads }) =>
    workloads.map(({ use, kind, name }) => `${use} ${kind}/${name}`),
  )

function meta(name: string, more: object = {}) {
  return { name, namespace: cluster.namespace, ...more }
}

function template(image: string, annotations: object = {}) {
  const labels = { app: 'test' }
  return { metadata: { labels, annotations }, spec: { containers: [{ name: 'main', image }] } }
}

function deployment(name: string, image: string, more: object = {}) {
  const spec = { replicas: 0, selector: { matchLabels: { app: 'test' } }, template: template(image) }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta(name, more), spec }
}

describe('pods', () => {
  it('use the images of all their containers and volumes, and the digests that they run', async () => {
    const container = (name: string) => ({ name, image: `registry.local/${name}:1` })
    await cluster.apply([
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: meta('everything'),
        spec: {
          containers: [container('main')],
          initContainers: [container('init'), { ...container('sidecar'), restartPolicy: 'Always' }],
          volumes: [{ name: 'model', image: { reference: 'registry.local/model:1' } }],
        },
      },
    ])
    const key = { namespace: cluster.namespace, name: 'everything' }
    const ephemeralContainers = [container('debug')]
    const debug = { spec: { ephemeralContainers } }
    await client.patch(PODS, key, debug, { type: 'merge', subresource: 'ephemeralcontainers' })
    const status = (name: string, imageID: string) => ({
      ...{ ...container(name), imageID, ready: true, restartCount: 0, state: { running: {} } },
    })
    const reported = {
      initContainerStatuses: [
        status('init', `registry.local/init@${FIRST}`),
        status('sidecar', `docker-pullable://mirror.local/other@${SECOND}`),
      ],
      containerStatuses: [status('main', CONFIG)],
      ephemeralContainerStatuses: [status('debug', `registry.local/debug@${THIRD}`)],
    }
    await client.patch(PODS, key, { status: reported }, { type: 'merge', subresource: 'status' })
    await eventually(() => useOf('registry.local/debug:1')?.runningDigests[0] === THIRD)
    expect(useOf('registry.local/init:1')).toMatchObject({ kinds: ['pod'], runningDigests: [FIRST] })
    expect(useOf('registry.local/sidecar:1')).toMatchObject({ kinds: ['pod'], runningDigests: [SECOND] })
    expect(useOf('registry.local/main:1')).toMatchObject({ runningDigests: [], runningConfigs: [CONFIG] })
    expect(kindsOf('registry.local/model:1')).toBe('pod')
  })

  it('S02: count after they finished', async () => {
    await cluster.apply([
      {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: meta('finished') },
        spec: template('registry.local/finished:1').spec,
      },
    ])
    const terminated = { exitCode: 0, finishedAt: new Date(systemClock.now() - 60_000).toISOString() }
    const container = {
      name: 'main',
      image: 'registry.local/finished:1',
      imageID: '',
      ready: false,
      restartCount: 0,
    }
    const status = { phase: 'Succeeded', containerStatuses: [{ ...container, state: { terminated } }] }
    const key = { namespace: cluster.namespace, name: 'finished' }
    await client.patch(PODS, key, { status }, { type: 'merge', subresource: 'status' })
    expect(await eventually(() => useOf('registry.local/finished:1')?.finishedOnly)).toBe(true)
  })
})

describe('workloads that run no pod use the images of their templates', () => {
  const selector = { matchLabels: { app: 'test' } }
  const spec = (kind: string, image: string): [string, object] => {
    const job = { suspend: true, template: { spec: { ...template(image).spec, restartPolicy: 'Never' } } }
    switch (kind) {
      case 'ReplicationController':
        return ['v1', { replicas: 0, selector: selector.matchLabels, template: template(image) }]
      case 'Job':
        return ['batch/v1', job]
      case 'CronJob':
        return [
          'batch/v1',
          { suspend: true, schedule: '0 0 1 1 *', jobTemplate: { spec: { ...job, suspend: false } } },
        ]
      case 'StatefulSet':
        return ['apps/v1', { replicas: 0, serviceName: 'none', selector, template: template(image) }]
      case 'DaemonSet':
        return ['apps/v1', { selector, template: template(image) }]
      default:
        return ['apps/v1', { replicas: 0, selector, template: template(image) }]
    }
  }
  it.each([
    'Deployment',
    'StatefulSet',
    'DaemonSet',
    'ReplicaSet',
    'ReplicationController',
    'Job',
    'CronJob',
  ])('%s', async (kind) => {
    const image = `registry.local/${kind.toLowerCase()}:1`
    const [apiVersion, own] = spec(kind, image)
    await cluster.apply([{ apiVersion, kind, metadata: meta('idle'), spec: own }])
    await eventually(() => usersOf(image).includes(`template ${kind}/idle`))
    expect(useOf(image)?.pods).toBe(0)
    await cluster.kubectl(['delete', kind, 'idle', '-n', cluster.namespace])
    await eventually(() => useOf(image) === undefined)
  })
})

describe('S07: what a rollback would pull is in use', () => {
  const rolled = (kind: string, image: string) => {
    const { spec } = deployment('rolled', image)
    const { replicas, ...own } = spec
    const extra = { Deployment: { replicas }, StatefulSet: { replicas, serviceName: 'none' }, DaemonSet: {} }[
      kind
    ]
    return { apiVersion: 'apps/v1', kind, metadata: meta('rolled'), spec: { ...own, ...extra } }
  }

  it.each(['Deployment', 'StatefulSet', 'DaemonSet'])('of a %s', async (kind) => {
    const image = (tag: string) => `registry.local/rolled-${kind.toLowerCase()}:${tag}`
    await cluster.apply([rolled(kind, image('old'))])
    await eventually(() => usersOf(image('old')).includes(`history ${kind}/rolled`))
    await cluster.apply([rolled(kind, image('new'))])
    await eventually(() => kindsOf(image('old')) === 'history')
    await eventually(() => kindsOf(image('new')) === 'template,history')
    expect(useOf(image('old'))?.users).toMatchObject([{ kind, name: 'rolled' }])
  })

  it('unless the inventory is told not to keep it', async () => {
    await cluster.apply([rolled('Deployment', 'registry.local/forgotten:1')])
    await eventually(() => kindsOf('registry.local/forgotten:1') === 'template,history')
    await cluster.apply([rolled('Deployment', 'registry.local/forgotten:2')])
    await eventually(() => kindsOf('registry.local/forgotten:1') === 'history')
    const without = watching({ ...DEFAULT_SOURCES, rolloutHistory: { enabled: false, blocks: true } })
    try {
      await without.whenSynced()
      expect(kindsOf('registry.local/forgotten:2', without)).toBe('template')
      expect(useOf('registry.local/forgotten:1', without)).toBeUndefined()
    } finally {
      await without.stop()
    }
  })
})

it('S07: what a node caches is in use, with its digest', async () => {
  await client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'caching' } })
  const names = ['registry.local/cached:1', `registry.local/cached@${FIRST}`]
  const status = { images: [{ names, sizeBytes: 1 }] }
  await client.patch(NODES, { name: 'caching' }, { status }, { type: 'merge', subresource: 'status' })
  await eventually(() => kindsOf('registry.local/cached:1') === 'node')
  expect(useOf(`registry.local/cached@${FIRST}`)).toMatchObject({ nodesCaching: 1, runningDigests: [FIRST] })
  await client.delete(NODES, { name: 'caching' })
  await eventually(() => useOf('registry.local/cached:1') === undefined)
})

it('S07: what a workload, its template or a bare pod says it needs is kept', async () => {
  const keep = (image: string) => ({ annotations: { 'tallyman.dev/keep': image } })
  const both = deployment(
    'keeps',
    'registry.local/own:1',
    keep('registry.local/kept:1, registry.local/kept:2'),
  )
  const annotated = template('registry.local/own:1', keep('registry.local/kept:3').annotations)
  await cluster.apply([
    { ...both, spec: { ...both.spec, template: annotated } },
    {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: meta('keeps', keep('registry.local/kept:4')) },
      spec: template('registry.local/own:2').spec,
    },
  ])
  for (const tag of [1, 2, 3, 4]) await eventually(() => kindsOf(`registry.local/kept:${tag}`) === 'kept')
  expect(usersOf('registry.local/kept:4')).toEqual(['kept Pod/keeps'])
  const patch = { metadata: { annotations: { 'tallyman.dev/keep': 'registry.local/kept:1' } } }
  await client.patch(PODS, { namespace: cluster.namespace, name: 'keeps' }, patch, { type: 'merge' })
  await eventually(() => useOf('registry.local/kept:4') === undefined)
})

describe('S07: custom kinds', () => {
  it('use what stands at the paths that are declared for them, and what they keep', async () => {
    const rollout = {
      apiVersion: `${ROLLOUT.group}/${ROLLOUT.version}`,
      kind: ROLLOUT.kind,
      metadata: meta('shop', { annotations: { 'tallyman.dev/keep': 'registry.local/rollout-keeps:1' } }),
      spec: {
        template: { spec: { containers: [{ image: 'registry.local/rollout:1' }] } },
        images: [
          { reg: 'registry.local', repo: 'joined', tag: 'v1' },
          { reg: 'registry.local', repo: 'joined', digest: FIRST },
        ],
        steps: [{ analysis: { args: { probeImage: 'registry.local/searched:1' } } }],
      },
    }
    await cluster.apply([rollout])
    await eventually(() => kindsOf('registry.local/rollout:1') === 'custom')
    expect(usersOf('registry.local/rollout:1')).toEqual(['custom Rollout/shop'])
    for (const image of ['joined:v1', `joined@${FIRST}`, 'searched:1']) {
      expect(kindsOf(`registry.local/${image}`)).toBe('custom')
    }
    expect(kindsOf('registry.local/rollout-keeps:1')).toBe('kept')
    await cluster.apply([{ ...rollout, spec: { template: { spec: { containers: [] } } } }])
    await eventually(() => useOf('registry.local/searched:1') === undefined)
  })

  it('can be kinds of Kubernetes: what an operator pulls for its operands', async () => {
    const controller = deployment('operator', 'registry.local/operator:1')
    const [main] = controller.spec.template.spec.containers
    const env = [
      { name: 'RELATED_IMAGE_DATABASE', value: 'registry.local/operand:1' },
      { name: 'LOG_LEVEL', value: 'debug' },
    ]
    const spec = {
      ...controller.spec,
      template: { ...controller.spec.template, spec: { containers: [{ ...main, env }] } },
    }
    await cluster.apply([{ ...controller, spec }])
    await eventually(() => kindsOf('registry.local/operand:1') === 'custom')
    expect(useOf('debug')).toBeUndefined()
    await eventually(() => kindsOf('registry.local/operator:1') === 'template,history')
    await client.delete(DEPLOYMENTS, { namespace: cluster.namespace, name: 'operator' })
    await eventually(() => useOf('registry.local/operand:1') === undefined)
  })
})

describe('S07: Helm releases', () => {
  const manifest = (image: string) => `---\nkind: Deployment\nspec:\n  containers:\n  - image: "${image}"\n`
  const source = (namespace: string) => () =>
    live.snapshot().clusters[0]?.sources.find(({ name }) => name === `secrets/${namespace}`)

  it('use what every revision that is still there would bring back', async () => {
    await client.create(SECRETS, helmReleaseSecret(RELEASES, 'shop', 1, manifest('registry.local/chart:1')))
    await client.create(SECRETS, helmReleaseSecret(RELEASES, 'shop', 2, manifest('registry.local/chart:2')))
    await eventually(() => kindsOf('registry.local/chart:2') === 'helm')
    expect(useOf('registry.local/chart:1')).toMatchObject({ kinds: ['helm'], namespaces: [RELEASES] })
    await client.delete(SECRETS, { namespace: RELEASES, name: 'sh.helm.release.v1.shop.v1' })
    await eventually(() => useOf('registry.local/chart:1') === undefined)
    expect(source(RELEASES)()).toMatchObject({ state: 'synced' })
  })

  it('that can not be read are named', async () => {
    await client.create(SECRETS, helmSecret(BROKEN_RELEASES, 'torn', 1, 'H4sIAAAA'))
    const broken = await eventually(() => {
      const view = source(BROKEN_RELEASES)()
      return view?.state === 'broken' && view
    })
    expect(broken.message).toContain(`${BROKEN_RELEASES}/sh.helm.release.v1.torn.v1`)
    await client.delete(SECRETS, { namespace: BROKEN_RELEASES, name: 'sh.helm.release.v1.torn.v1' })
    await eventually(() => source(BROKEN_RELEASES)()?.state === 'synced')
  })
})
