import { listOf, recordOf, textOf } from './json.ts'

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never' | ''

/** Sidecars are init containers that the kubelet keeps running. */
export type ContainerKind = 'container' | 'init' | 'ephemeral'

export interface ContainerSpec {
  readonly kind: ContainerKind
  /** Unique in its pod. */
  readonly name: string
  /** Kubernetes lets a pod template leave it empty, for a webhook to fill in. */
  readonly image: string
  readonly pullPolicy: PullPolicy
}

/** What of a PodSpec this product reads, in pods and in pod templates. */
export interface PodSpec {
  /** Empty while the pod is not scheduled. */
  readonly nodeName: string
  readonly hasPullSecrets: boolean
  readonly init: readonly ContainerSpec[]
  readonly containers: readonly ContainerSpec[]
  readonly ephemeral: readonly ContainerSpec[]
  /** References of image volumes (spec.volumes[].image). */
  readonly volumeImages: readonly string[]
}

export const NO_POD_SPEC: PodSpec = {
  nodeName: '',
  hasPullSecrets: false,
  init: [],
  containers: [],
  ephemeral: [],
  volumeImages: [],
}

/** A PodSpec in JSON. What has the wrong type reads as absent, so it never throws. */
export function projectPodSpec(raw: unknown): PodSpec {
  const spec = recordOf(raw)
  return {
    nodeName: textOf(spec.nodeName),
    hasPullSecrets: listOf(spec.imagePullSecrets).length > 0,
    init: projectContainers('init', spec.initContainers),
    containers: projectContainers('container', spec.containers),
    ephemeral: projectContainers('ephemeral', spec.ephemeralContainers),
    volumeImages: listOf(spec.volumes)
      .map((volume) => textOf(recordOf(recordOf(volume).image).reference))
      .filter((reference) => reference !== ''),
  }
}

export function pullPolicyOf(value: string): PullPolicy {
  return value === 'Always' || value === 'IfNotPresent' || value === 'Never' ? value : ''
}

function projectContainers(kind: ContainerKind, raw: unknown): ContainerSpec[] {
  return listOf(raw).map((container) => {
    const { name, image, imagePullPolicy } = recordOf(container)
    return {
      kind,
      name: textOf(name),
      image: textOf(image),
      pullPolicy: pullPolicyOf(textOf(imagePullPolicy)),
    }
  })
}
