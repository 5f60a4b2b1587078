import { GROUP, VERSION } from '#crds/meta.ts'
import type { KubeObject } from '#kube/objects.ts'
import type { TestRegistry } from '#test/harness/registry.ts'

const API_VERSION = `${GROUP}/${VERSION}`

/** Where an object stands, and under which name. */
export interface Place {
  readonly namespace: string
  readonly name: string
}

export function registry(place: Place, spec: object): KubeObject & { spec?: object } {
  return { apiVersion: API_VERSION, kind: 'Registry', metadata: place, spec }
}

export function imageInventory(place: Place, spec: object = {}): KubeObject & { spec?: object } {
  return { apiVersion: API_VERSION, kind: 'ImageInventory', metadata: place, spec }
}

/** A check of the Registry `main` against the ImageInventory `all`; `spec` may say otherwise. */
export function registryCheck(place: Place, spec: object = {}): KubeObject & { spec?: object } {
  const references = { registryRef: { name: 'main' }, inventoryRef: { name: 'all' } }
  return { apiVersion: API_VERSION, kind: 'RegistryCheck', metadata: place, spec: { ...references, ...spec } }
}

/** A policy of the Registry `main` against the ImageInventory `all`, by one rule: the newest of each repository; `spec` may say otherwise. */
export function registryPolicy(place: Place, spec: object = {}): KubeObject & { spec?: object } {
  const said = {
    ...{ registryRef: { name: 'main' }, inventoryRef: { name: 'all' } },
    rules: [{ name: 'newest', repositories: ['**'], keep: { newest: 1 } }],
  }
  return { apiVersion: API_VERSION, kind: 'RegistryPolicy', metadata: place, spec: { ...said, ...spec } }
}

export function namespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}

export interface PodOptions {
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  /** The name of an imagePullSecret, which need not exist. */
  readonly pullSecret?: string
}

/** No scheduler has this name: its pods stay as they are written, also on a cluster with nodes. */
const NOBODY = 'tallyman.dev/nobody'

/** A pod of one container that no node ever gets: it need not run to count as usage. */
export function pod(place: Place, image: string, options: PodOptions = {}): KubeObject & { spec?: object } {
  const { imagePullPolicy = 'IfNotPresent', pullSecret } = options
  const imagePullSecrets = pullSecret === undefined ? [] : [{ name: pullSecret }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: place,
    spec: { schedulerName: NOBODY, containers: [{ name: 'app', image, imagePullPolicy }], imagePullSecrets },
  }
}

/** All that the API server demands of a node's nodeInfo beside the platform. */
const NODE_INFO = {
  ...{ machineID: '', systemUUID: '', bootID: '', kernelVersion: '', osImage: '' },
  ...{ containerRuntimeVersion: '', kubeletVersion: '', kubeProxyVersion: '' },
}

/** A node of linux/amd64 that nothing runs on. @param cached what it has in its cache, by name */
export function node(name: string, cached: readonly string[] = []): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { unschedulable: true },
    status: {
      nodeInfo: { ...NODE_INFO, operatingSystem: 'linux', architecture: 'amd64' },
      images: cached.map((image) => ({ names: [image], sizeBytes: 1 })),
    },
  }
}

export function basicAuthSecret(place: Place, username: string, password: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/basic-auth',
    metadata: place,
    stringData: { username, password },
  }
}

export function caConfigMap(place: Place, pem: string): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: place, data: { 'ca.crt': pem } }
}

/** What config/samples grants: the operator may read Secrets and ConfigMaps of the namespace by name. */
export function credentialsBinding(namespaceName: string): object {
  const apiGroup = 'rbac.authorization.k8s.io'
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: 'RoleBinding',
    metadata: { namespace: namespaceName, name: 'tallyman-credentials' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'tallyman-credentials' },
    subjects: [{ kind: 'ServiceAccount', name: 'tallyman', namespace: 'tallyman-system' }],
  }
}

/** Secret `pull` and ConfigMap `ca` with what it takes to talk to `server`. */
export function accessObjects(namespaceName: string, server: TestRegistry): object[] {
  const { username = '', password = '' } = server.credentials ?? {}
  return [
    basicAuthSecret({ namespace: namespaceName, name: 'pull' }, username, password),
    caConfigMap({ namespace: namespaceName, name: 'ca' }, server.caPem ?? ''),
  ]
}

/** The spec of a Registry at `url` that uses what accessObjects made. */
export function registrySpec(url: string, more: object = {}): object {
  return {
    url,
    credentials: { pull: { secretRef: { name: 'pull' } } },
    caRef: { kind: 'ConfigMap', name: 'ca' },
    ...more,
  }
}
