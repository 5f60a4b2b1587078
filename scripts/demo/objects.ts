import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import type { TestRegistry } from '#test/harness/registry.ts'
import type { Workload } from './story.ts'

const SAMPLES = path.join(import.meta.dirname, '../../config/samples')

/** Namespaces and Deployments; the pods land on the fake nodes. */
export function workloadObjects(workloads: readonly Workload[]): object[] {
  const namespaces = [...new Set(workloads.map(({ namespace }) => namespace))]
  return [
    ...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...workloads.map(deployment),
  ]
}

function deployment({ namespace, name, image, imageID, replicas }: Workload): object {
  const labels = { app: name }
  const annotations = imageID === undefined ? {} : { 'tallyman.dev/test-image-id': imageID }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations }, spec: { containers: [{ name: 'app', image }] } },
    },
  }
}

/** What the image of the real node is called there, and by the Registry as an alias. */
export const SHOP_HOST = 'shop.example.com'

/** A Deployment of one pod on the real node, its registry, the mirror of that, and a check. */
export function realNodeObjects(
  namespace: string,
  nodeName: string,
  { shop, mirror }: { readonly shop: TestRegistry; readonly mirror: TestRegistry },
): object[] {
  const apiVersion = 'tallyman.dev/v1alpha1'
  const references = { registryRef: { name: 'shop' }, inventoryRef: { name: 'everything' } }
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace, name: 'web' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            nodeSelector: { 'kubernetes.io/hostname': nodeName },
            // What a node of the harness asks for.
            hostNetwork: true,
            terminationGracePeriodSeconds: 0,
            containers: [{ name: 'app', image: `${SHOP_HOST}/web:1` }],
          },
        },
      },
    },
    {
      apiVersion,
      kind: 'Registry',
      metadata: { namespace, name: 'shop' },
      spec: { url: shop.url, aliases: [{ host: SHOP_HOST }] },
    },
    { apiVersion, kind: 'Registry', metadata: { namespace, name: 'mirror' }, spec: { url: mirror.url } },
    {
      apiVersion,
      kind: 'RegistryCheck',
      metadata: { namespace, name: 'shop' },
      spec: { ...references, interval: '1h' },
    },
  ]
}

/** What the samples need besides themselves: the password and the CA of the registry. */
export function credentialObjects(namespace: string, registry: TestRegistry): object[] {
  const { username = '', password = '' } = registry.credentials ?? {}
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/basic-auth',
      metadata: { namespace, name: 'registry-pull' },
      stringData: { username, password },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name: 'registry-ca' },
      data: { 'ca.crt': registry.caPem ?? '' },
    },
  ]
}

/** The second cluster, as somebody hands it to the operator: a Secret with a kubeconfig. */
export function kubeconfigSecret(namespace: string, kubeconfig: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: { namespace, name: 'edge-kubeconfig' },
    stringData: { kubeconfig },
  }
}

/**
 * config/samples as they are, but for the address of the registry, a shorter interval, and the clusters of
 * imageinventory_clusters.yaml; no floor, for a cluster that uses two images.
 */
export function sampleObjects(namespace: string, registry: TestRegistry, interval: string): object[] {
  const read = (file: string) => parse(readFileSync(path.join(SAMPLES, file), 'utf8'))
  const files: { resources: string[] } = read('kustomization.yaml')
  return files.resources.map((file) => {
    const object = read(file)
    object.metadata.namespace = namespace
    if (object.kind === 'ImageInventory') {
      const fleet: { spec: { clusters: { name: string }[] } } = read('imageinventory_clusters.yaml')
      object.spec.clusters = fleet.spec.clusters.map((cluster) => ({ ...cluster, floor: 0 }))
    }
    if (object.kind === 'Registry') object.spec.url = registry.url
    if (object.kind === 'RegistryCheck') object.spec.interval = interval
    return object
  })
}
