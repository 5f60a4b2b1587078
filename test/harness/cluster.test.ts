import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { processesNaming } from '#test/harness/process-list.ts'
import { eventually } from '#test/harness/wait.ts'

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({
        phase: z.string(),
        containerStatuses: z
          .array(
            z.object({
              imageID: z.string(),
              state: z.object({
                waiting: z.object({ reason: z.string() }).optional(),
                terminated: z.object({ reason: z.string() }).optional(),
              }),
            }),
          )
          .default([]),
      }),
    }),
  ),
})

const IMAGE_ID = `registry.test/team/app@sha256:${'a'.repeat(64)}`

describe('a test cluster with nodes', { timeout: 180_000 }, () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster({ nodes: 1, arm64Nodes: 1, crds: true })
  })
  afterAll(() => cluster?.stop())

  const pods = async (selector: string) => {
    const { stdout } = await cluster.kubectl([
      'get',
      'pods',
      '-n',
      cluster.namespace,
      '-l',
      selector,
      '-o',
      'json',
    ])
    return podList.parse(JSON.parse(stdout)).items
  }
  const workload = (app: string, annotations: Record<string, string>) => ({
    metadata: { labels: { app }, annotations },
    spec: { containers: [{ name: 'main', image: 'registry.test/team/app:1' }] },
  })

  it('rolls a Deployment out, and its pods run with the image ID that the test asked for', async () => {
    const labels = { app: 'web' }
    await cluster.apply([
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: cluster.namespace },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: workload('web', { 'tallyman.dev/test-image-id': IMAGE_ID }),
        },
      },
    ])
    await cluster.kubectl(['rollout', 'status', 'deployment/web', '-n', cluster.namespace, '--timeout=110s'])
    const running = await pods('app=web')
    expect(running.map((pod) => pod.status.phase)).toEqual(['Running', 'Running'])
    expect(running.flatMap((pod) => pod.status.containerStatuses.map((status) => status.imageID))).toEqual([
      IMAGE_ID,
      IMAGE_ID,
    ])
  })

  it('leaves a pod whose pull is to fail in ImagePullBackOff, until the annotation goes', async () => {
    await cluster.apply([
      {
        apiVersion: 'v1',
        kind: 'Pod',
        ...workload('broken', { 'tallyman.dev/test-pull': 'fail' }),
        metadata: {
          ...workload('broken', { 'tallyman.dev/test-pull': 'fail' }).metadata,
          name: 'broken',
          namespace: cluster.namespace,
        },
      },
    ])
    await eventually(
      async () =>
        (await pods('app=broken'))[0]?.status.containerStatuses[0]?.state.waiting?.reason ===
        'ImagePullBackOff',
      { message: 'ImagePullBackOff', timeoutMs: 120_000 },
    )
    await cluster.kubectl(['annotate', 'pod', 'broken', '-n', cluster.namespace, 'tallyman.dev/test-pull-'])
    await cluster.kubectl([
      'wait',
      'pod/broken',
      '-n',
      cluster.namespace,
      '--for=condition=Ready',
      '--timeout=110s',
    ])
    const [repaired] = await pods('app=broken')
    expect(repaired?.status.containerStatuses[0]?.imageID).toMatch(
      /^registry\.test\/team\/app@sha256:[0-9a-f]{64}$/,
    )
  })

  it('completes a Job', async () => {
    const template = workload('job', { 'tallyman.dev/test-image-id': IMAGE_ID })
    await cluster.apply([
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: 'job', namespace: cluster.namespace },
        spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } },
      },
    ])
    await cluster.kubectl([
      'wait',
      'job/job',
      '-n',
      cluster.namespace,
      '--for=condition=Complete',
      '--timeout=110s',
    ])
    const [done] = await pods('app=job')
    expect(done?.status.phase).toBe('Succeeded')
    expect(done?.status.containerStatuses[0]?.imageID).toBe(IMAGE_ID)
  })

  it('runs the Job of a CronJob when its time has come', async () => {
    const template = workload('cron', {})
    const inNamespace = ['-n', cluster.namespace]
    await cluster.apply([
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'cron', namespace: cluster.namespace },
        spec: {
          schedule: '* * * * *',
          suspend: true,
          jobTemplate: {
            spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } },
          },
        },
      },
    ])
    // A minute is missed already, so that the controller does not wait for the next one.
    const status = { lastScheduleTime: new Date(Date.now() - 120_000).toISOString() }
    const patch = (change: object, ...flags: string[]) =>
      cluster.kubectl([
        ...['patch', 'cronjob', 'cron', ...inNamespace, '--type=merge', ...flags],
        ...['-p', JSON.stringify(change)],
      ])
    await patch({ status }, '--subresource=status')
    await patch({ spec: { suspend: false } })
    const pod = await eventually(async () => (await pods('app=cron'))[0], {
      message: 'a pod of the CronJob',
      timeoutMs: 120_000,
    })
    const owner = async (kind: string, name: string) => {
      const path = 'jsonpath={.metadata.ownerReferences[0].kind}/{.metadata.ownerReferences[0].name}'
      return (await cluster.kubectl(['get', kind, name, ...inNamespace, '-o', path])).stdout
    }
    const [job = '', name = ''] = (await owner('pod', pod.metadata.name)).split('/')
    expect(job).toBe('Job')
    expect(await owner('job', name)).toBe('CronJob/cron')
  })

  it('keeps what a rollback would need: the old ReplicaSet, and ControllerRevisions', async () => {
    const inNamespace = ['-n', cluster.namespace]
    const kinds = ['Deployment', 'StatefulSet'] as const
    const rollOut = async (image: string) => {
      await cluster.apply(
        kinds.map((kind) => {
          const app = kind.toLowerCase()
          const template = workload(app, {})
          return {
            apiVersion: 'apps/v1',
            kind,
            metadata: { name: 'rolled', namespace: cluster.namespace },
            spec: {
              replicas: 1,
              selector: { matchLabels: { app } },
              template: { ...template, spec: { containers: [{ name: 'main', image }] } },
            },
          }
        }),
      )
      for (const kind of kinds) {
        const wait = ['rollout', 'status', `${kind}/rolled`, ...inNamespace, '--timeout=110s']
        await cluster.kubectl(wait)
      }
    }
    await rollOut('registry.test/team/app:1')
    await rollOut('registry.test/team/app:2')

    const lines = async (what: string, selector: string, path: string) =>
      (await cluster.kubectl(['get', what, ...inNamespace, '-l', selector, '-o', `jsonpath=${path}`])).stdout
        .trim()
        .split('\n')
        .sort()
    const image = (at: string) => `{${at}.spec.template.spec.containers[0].image}`
    const replicaSets = () =>
      lines('replicasets', 'app=deployment', `{range .items[*]}{.spec.replicas} ${image('')}{"\\n"}{end}`)
    await eventually(async () => {
      expect(await replicaSets()).toEqual(['0 registry.test/team/app:1', '1 registry.test/team/app:2'])
      return true
    })
    const revisions = `{range .items[*]}{.revision} ${image('.data')}{"\\n"}{end}`
    expect(await lines('controllerrevisions', 'app=statefulset', revisions)).toEqual([
      '1 registry.test/team/app:1',
      '2 registry.test/team/app:2',
    ])
  })

  it('has a node of each architecture', async () => {
    const path = 'jsonpath={.items[*].status.nodeInfo.architecture}'
    const { stdout } = await cluster.kubectl(['get', 'nodes', '-o', path])
    expect(stdout.split(' ')).toEqual(['amd64', 'arm64'])
  })

  it('serves our kinds to the operator, which may not read secrets', async () => {
    const kubeconfig = await cluster.operatorKubeconfig()
    const whoami = await cluster.kubectl(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], {
      kubeconfig,
    })
    expect(whoami.stdout).toBe('system:serviceaccount:tallyman-system:tallyman')
    await cluster.kubectl(['get', 'registries.tallyman.dev', '-A'], { kubeconfig })
    const secrets = await cluster.kubectl(['get', 'secrets', '-A'], { kubeconfig, allowFailure: true })
    expect(secrets.code).not.toBe(0)
    expect(secrets.stderr).toContain('forbidden')
  })
})

describe('a test cluster of only etcd and API server', () => {
  it('keeps its objects and its address over a restart of the API server, and leaves no process behind', async () => {
    const cluster = await startCluster()
    try {
      await cluster.kubectl(['create', 'configmap', 'kept', '-n', cluster.namespace, '--from-literal=a=b'])
      await cluster.stopApiServer()
      const down = await cluster.kubectl(['get', '--raw', '/readyz'], { allowFailure: true })
      expect(down.code).not.toBe(0)
      await cluster.startApiServer()
      const { stdout } = await cluster.kubectl([
        'get',
        'configmap',
        'kept',
        '-n',
        cluster.namespace,
        '-o',
        'jsonpath={.data.a}',
      ])
      expect(stdout).toBe('b')
      expect(await processesNaming(cluster.stateDir)).toHaveLength(2)
    } finally {
      await cluster.stop()
    }
    expect(await processesNaming(cluster.stateDir)).toEqual([])
  }, 240_000)

  it('can be a cluster that runs already: a namespace of its own there, and no way to stop it', async () => {
    const running = await startCluster()
    process.env.TALLYMAN_TEST_KUBECONFIG = running.adminKubeconfig
    try {
      const cluster = await startCluster({ crds: true })
      expect(cluster.server).toBe(running.server)
      expect(cluster.namespace).toMatch(/^tallyman-test-[0-9a-f]{8}$/)
      await cluster.kubectl(['create', 'configmap', 'mine', '-n', cluster.namespace])
      const kubeconfig = await cluster.operatorKubeconfig()
      await cluster.kubectl(['get', 'registries.tallyman.dev', '-A'], { kubeconfig })
      await expect(cluster.stopApiServer()).rejects.toThrow('is not ours to stop')
      await cluster.stop()
      const path = 'jsonpath={.metadata.deletionTimestamp}'
      const left = await running.kubectl(['get', 'namespace', cluster.namespace, '-o', path])
      expect(left.stdout).not.toBe('')
    } finally {
      delete process.env.TALLYMAN_TEST_KUBECONFIG
      await running.stop()
    }
  }, 240_000)
})
