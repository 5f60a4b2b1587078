/** A kind of the Kubernetes API, as its addresses name it. */
export interface Resource {
  /** API group; empty for the core group. */
  readonly group: string
  readonly version: string
  /** The lower-case plural that stands in the path. */
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

/** Names one object of a resource. The namespace is absent for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace?: string | undefined
  readonly name: string
}

export interface ResourceLocation {
  /** Absent on a namespaced kind: the collection of all namespaces. */
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

/** The value of `apiVersion` in objects of this resource: `v1`, `apps/v1`. */
export function apiVersion(resource: Pick<Resource, 'group' | 'version'>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
}

/** The path below the API server's base address, without a query: `/api/v1/namespaces/a/pods/b/status`. */
export function resourcePath(resource: Resource, location: ResourceLocation): string {
  const segments: string[] = []
  if (resource.namespaced && location.namespace !== undefined) segments.push('namespaces', location.namespace)
  segments.push(resource.plural)
  if (location.name !== undefined) segments.push(location.name)
  if (location.subresource !== undefined) segments.push(location.subresource)
  return `${groupVersionPath(resource)}/${segments.map(encodeURIComponent).join('/')}`
}

/** The path at which the API server lists the kinds of a group and version: `/api/v1`, `/apis/apps/v1`. */
export function groupVersionPath({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  const segments = group === '' ? ['api', version] : ['apis', group, version]
  return `/${segments.map(encodeURIComponent).join('/')}`
}

export const PODS: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }
export const NODES: Resource = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false }
export const SECRETS: Resource = {
  group: '',
  version: 'v1',
  plural: 'secrets',
  kind: 'Secret',
  namespaced: true,
}
export const SERVICE_ACCOUNTS: Resource = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
}
export const CONFIG_MAPS: Resource = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
}
export const NAMESPACES: Resource = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
}
export const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
}
export const EVENTS: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
}
export const DEPLOYMENTS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
}
export const STATEFUL_SETS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'statefulsets',
  kind: 'StatefulSet',
  namespaced: true,
}
export const DAEMON_SETS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'daemonsets',
  kind: 'DaemonSet',
  namespaced: true,
}
export const REPLICA_SETS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'replicasets',
  kind: 'ReplicaSet',
  namespaced: true,
}
export const CONTROLLER_REVISIONS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'controllerrevisions',
  kind: 'ControllerRevision',
  namespaced: true,
}
export const REPLICATION_CONTROLLERS: Resource = {
  group: '',
  version: 'v1',
  plural: 'replicationcontrollers',
  kind: 'ReplicationController',
  namespaced: true,
}
export const JOBS: Resource = {
  group: 'batch',
  version: 'v1',
  plural: 'jobs',
  kind: 'Job',
  namespaced: true,
}
export const CRON_JOBS: Resource = {
  group: 'batch',
  version: 'v1',
  plural: 'cronjobs',
  kind: 'CronJob',
  namespaced: true,
}
