import type { KubeObject } from '#kube/objects.ts'
import {
  CONTROLLER_REVISIONS,
  CRON_JOBS,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  NODES,
  PODS,
  REPLICA_SETS,
  type Resource,
  SECRETS,
  STATEFUL_SETS,
} from '#kube/resource.ts'
import { helmReleaseSecret } from '#test/harness/helm-release.ts'
import { ROLLOUT } from '#test/harness/rollout-crd.ts'
import { WORK } from './site.ts'

/** A kind of object that uses an image. */
export interface ObjectKind {
  readonly resource: Resource
  /** A merge patch after which it uses this image and no other; absent: it can't be changed. */
  readonly changed?: ((image: string) => object) | undefined
  /** Where `changed` is sent. */
  readonly subresource?: string | undefined
  readonly object: (name: string, image: string, labels: Labels) => Manifest
}

/** What a proxy that leaves objects out goes by. */
export const GROUP_LABEL = 'soak-group'

type Labels = Readonly<Record<string, string>>
type Manifest = KubeObject & Readonly<Record<string, unknown>>

const ROLLOUTS: Resource = { ...ROLLOUT, plural: 'rollouts', namespaced: true }
const OWNER_UID = '0a0a0a0a-0000-4000-8000-000000000000'

const podSpec = (image: string) => ({
  schedulerName: 'tallyman.dev/nobody',
  terminationGracePeriodSeconds: 0,
  containers: [{ name: 'main', image }],
})
const template = (name: string, image: string, more: object = {}) => ({
  metadata: { labels: { app: name } },
  spec: { ...podSpec(image), ...more },
})
const selected = (name: string, image: string) => ({
  selector: { matchLabels: { app: name } },
  template: template(name, image),
})
const containers = (image: string) => ({ containers: [{ name: 'main', image }] })
const inTemplate = (image: string) => ({ spec: { template: { spec: containers(image) } } })

function manifest(
  apiVersion: string,
  { kind, namespaced }: Resource,
  name: string,
  labels: Labels,
  rest: object,
): Manifest {
  const metadata = { name, labels, ...(namespaced ? { namespace: WORK } : {}) }
  return { apiVersion, kind, metadata, ...rest }
}

function workload(resource: Resource, more: (name: string) => object): ObjectKind {
  return {
    resource,
    changed: inTemplate,
    object: (name, image, labels) =>
      manifest('apps/v1', resource, name, labels, { spec: { ...selected(name, image), ...more(name) } }),
  }
}

export const POD: ObjectKind = {
  resource: PODS,
  changed: (image) => ({ spec: containers(image) }),
  object: (name, image, labels) => manifest('v1', PODS, name, labels, { spec: podSpec(image) }),
}

/** An old ReplicaSet of a Deployment: what a rollback would pull. */
const OLD_REPLICA_SET: ObjectKind = {
  resource: REPLICA_SETS,
  object: (name, image, labels) => {
    const made = manifest('apps/v1', REPLICA_SETS, name, labels, {
      spec: { ...selected(name, image), replicas: 0 },
    })
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'rolled',
      uid: OWNER_UID,
      controller: true,
    }
    return { ...made, metadata: { ...made.metadata, ownerReferences: [owner] } }
  },
}

const REVISION: ObjectKind = {
  resource: CONTROLLER_REVISIONS,
  object: (name, image, labels) => {
    const made = manifest('apps/v1', CONTROLLER_REVISIONS, name, labels, {
      revision: 1,
      data: { spec: { template: template(name, image) } },
    })
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      name: 'rolled',
      uid: OWNER_UID,
      controller: true,
    }
    return { ...made, metadata: { ...made.metadata, ownerReferences: [owner] } }
  },
}

const CRON_JOB: ObjectKind = {
  resource: CRON_JOBS,
  changed: (image) => ({ spec: { jobTemplate: inTemplate(image) } }),
  object: (name, image, labels) => {
    const jobTemplate = { spec: { template: template(name, image, { restartPolicy: 'Never' }) } }
    return manifest('batch/v1', CRON_JOBS, name, labels, {
      spec: { schedule: '0 3 * * *', suspend: true, jobTemplate },
    })
  },
}

const JOB: ObjectKind = {
  resource: JOBS,
  object: (name, image, labels) =>
    manifest('batch/v1', JOBS, name, labels, {
      spec: { suspend: true, template: template(name, image, { restartPolicy: 'Never' }) },
    }),
}

const CUSTOM: ObjectKind = {
  resource: ROLLOUTS,
  changed: inTemplate,
  object: (name, image, labels) =>
    manifest(`${ROLLOUT.group}/${ROLLOUT.version}`, ROLLOUTS, name, labels, {
      spec: { template: template(name, image) },
    }),
}

const HELM: ObjectKind = {
  resource: SECRETS,
  object: (name, image, labels) => {
    const pod = ['apiVersion: v1', 'kind: Pod', 'metadata: {name: released}', 'spec:', '  containers:']
    const secret = helmReleaseSecret(
      WORK,
      name,
      1,
      [...pod, `  - {name: main, image: "${image}"}`, ''].join('\n'),
    )
    return {
      ...secret,
      metadata: { ...secret.metadata, name, labels: { ...secret.metadata.labels, ...labels } },
    }
  },
}

const NODE: ObjectKind = {
  resource: NODES,
  subresource: 'status',
  changed: (image) => ({ status: { images: [{ names: [image], sizeBytes: 1 }] } }),
  object: (name, image, labels) =>
    manifest('v1', NODES, name, labels, { status: { images: [{ names: [image], sizeBytes: 1 }] } }),
}

/** Pods more often than the others. */
export const KINDS: readonly ObjectKind[] = [
  ...[POD, POD, POD, POD, CRON_JOB, JOB, CUSTOM, HELM, NODE, OLD_REPLICA_SET, REVISION],
  workload(DEPLOYMENTS, () => ({ replicas: 0 })),
  workload(STATEFUL_SETS, (serviceName) => ({ replicas: 0, serviceName })),
  workload(DAEMON_SETS, () => ({})),
]

/** The digest that a pod runs; as the kubelet reports it. */
export function running(image: string, digest: string): object {
  const [repository = ''] = image.split(':')
  const status = { name: 'main', image, imageID: `${repository}@${digest}`, ready: true, restartCount: 0 }
  return { status: { containerStatuses: [{ ...status, state: { running: {} } }] } }
}
