import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import type { KubeObject } from '#kube/objects.ts'
import { type Resource, SECRETS } from '#kube/resource.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { putAll } from '#test/harness/etcd/put-all.ts'
import { helmReleaseSecret } from '#test/harness/helm-release.ts'
import { ROLLOUT, ROLLOUT_CRD } from '#test/harness/rollout-crd.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'
import { imageAt, namespaces, population, rollouts } from './population.ts'

export const ROLLOUTS: Resource = { ...ROLLOUT, plural: 'rollouts', namespaced: true }
/** Namespaces whose Helm releases are opted in. */
export const HELM_NAMESPACES = ['team-0', 'team-1', 'team-2', 'team-3']
export const CHURN_NAMESPACE = 'churn'
const RELEASES = 20
const REVISIONS = 4
const IMAGES_OF_RELEASE = 8

/**
 * A cluster that holds so many thousand pods with all that a cluster has around them. Pods, nodes and workloads are put straight into
 * etcd; nothing runs that would act on them.
 */
export async function filledCluster(thousands: number): Promise<TestCluster> {
  const cluster = await startCluster()
  try {
    const names = [...namespaces(), CHURN_NAMESPACE]
    await cluster.apply([
      ...names.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
      ROLLOUT_CRD,
    ])
    await cluster.kubectl(['wait', '--for=create', `crd/${ROLLOUT_CRD.metadata.name}`])
    if (cluster.etcdUrl === undefined) throw new Error('the etcd of an existing cluster is not ours to fill')
    // Without a reader, etcd takes four times as much.
    await cluster.stopApiServer()
    await putAll(cluster.etcdUrl, population(thousands))
    await cluster.startApiServer()
    const connection = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
    await createAll(new KubeClient(connection), [...customObjects(thousands), ...helmReleases()])
    await connection.close()
    return cluster
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

interface Created {
  readonly resource: Resource
  readonly object: KubeObject
}

function customObjects(thousands: number): Created[] {
  return rollouts(thousands).map(({ name, namespace }, n) => {
    const containers = [{ name: 'app', image: imageAt(n) }]
    const spec = { replicas: 5, template: { spec: { containers } } }
    const object = {
      apiVersion: `${ROLLOUT.group}/${ROLLOUT.version}`,
      kind: ROLLOUT.kind,
      metadata: { name, namespace },
      spec,
    }
    return { resource: ROLLOUTS, object }
  })
}

function helmReleases(): Created[] {
  const all: Created[] = []
  for (const [at, namespace] of HELM_NAMESPACES.entries()) {
    for (let release = 0; release < RELEASES; release += 1) {
      for (let revision = 1; revision <= REVISIONS; revision += 1) {
        const first = (at * RELEASES + release) * IMAGES_OF_RELEASE
        const images = Array.from({ length: IMAGES_OF_RELEASE }, (_, n) =>
          imageAt(first + n, REVISIONS - revision),
        )
        const manifest = images
          .map((image, n) => deploymentYaml(`release-${release}-${n}`, image))
          .join('---\n')
        const object = helmReleaseSecret(namespace, `release-${release}`, revision, manifest)
        all.push({ resource: SECRETS, object })
      }
    }
  }
  return all
}

function deploymentYaml(name: string, image: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  template:
    spec:
      containers:
      - name: app
        image: ${image}
`
}

/** Over 16 connections. A kind that was installed a moment ago may not be served yet. */
async function createAll(client: KubeClient, objects: readonly Created[]): Promise<void> {
  const [first, ...others] = objects
  if (first !== undefined) {
    await eventually(() => client.create(first.resource, first.object).then(() => true), {
      message: 'the API server to serve Rollouts',
      timeoutMs: 60_000,
      intervalMs: 200,
    })
  }
  const left = others.values()
  const worker = async () => {
    for (const { resource, object } of left) await client.create(resource, object)
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}
