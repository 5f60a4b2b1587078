import { listOf, recordOf, textOf, timeOf } from './json.ts'

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never' | ''

/** One container of a pod: what its spec names and what the node reports. */
export interface ContainerProjection {
  readonly kind: 'container' | 'init' | 'ephemeral'
  /** As the spec names it. */
  readonly image: string
  /** What the node really runs, as the runtime reports it; empty before the image was pulled. */
  readonly imageID: string
  readonly pullPolicy: PullPolicy
  /** `ErrImagePull`, `ImagePullBackOff`, `CrashLoopBackOff`, …; empty where it does not wait. */
  readonly waitingReason: string
}

export interface OwnerProjection {
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** What of a Pod this product keeps. Strings are empty and lists are [] where the pod has nothing. */
export interface PodProjection {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly resourceVersion: string
  /** Empty while the pod is not scheduled. */
  readonly nodeName: string
  /** Pending, Running, Succeeded, Failed, Unknown. */
  readonly phase: string
  /** When the last container ended, ms since the epoch; only of pods that Succeeded or Failed, and not of all of those. */
  readonly finishedAt?: number | undefined
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** It has a deletionTimestamp: it is being stopped. */
  readonly deletionTimestamp: boolean
  /** The owner reference with `controller: true`. */
  readonly owner?: OwnerProjection | undefined
  readonly hasPullSecrets: boolean
  readonly containers: readonly ContainerProjection[]
  /** References of image volumes (spec.volumes[].image). */
  readonly volumeImages: readonly string[]
}

/** The projection of a Pod in JSON. What has the wrong type reads as absent, so it never throws. */
export function projectPod(raw: unknown): PodProjection {
  const { metadata, spec, status } = recordOf(raw)
  const meta = recordOf(metadata)
  const podSpec = recordOf(spec)
  const podStatus = recordOf(status)
  const phase = textOf(podStatus.phase)
  const statuses = {
    container: listOf(podStatus.containerStatuses),
    init: listOf(podStatus.initContainerStatuses),
    ephemeral: listOf(podStatus.ephemeralContainerStatuses),
  }
  return {
    uid: textOf(meta.uid),
    namespace: textOf(meta.namespace),
    name: textOf(meta.name),
    resourceVersion: textOf(meta.resourceVersion),
    nodeName: textOf(podSpec.nodeName),
    phase,
    finishedAt: isFinished(phase) ? lastFinish(Object.values(statuses).flat()) : undefined,
    createdAt: timeOf(meta.creationTimestamp) ?? 0,
    deletionTimestamp: timeOf(meta.deletionTimestamp) !== undefined,
    owner: controllerOf(listOf(meta.ownerReferences)),
    hasPullSecrets: listOf(podSpec.imagePullSecrets).length > 0,
    containers: [
      ...projectContainers('init', listOf(podSpec.initContainers), statuses.init),
      ...projectContainers('container', listOf(podSpec.containers), statuses.container),
      ...projectContainers('ephemeral', listOf(podSpec.ephemeralContainers), statuses.ephemeral),
    ],
    volumeImages: listOf(podSpec.volumes)
      .map((volume) => textOf(recordOf(recordOf(volume).image).reference))
      .filter((reference) => reference !== ''),
  }
}

/** Pods in these phases run no container again. */
export function isFinished(phase: string): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

export function pullPolicyOf(value: string): PullPolicy {
  return value === 'Always' || value === 'IfNotPresent' || value === 'Never' ? value : ''
}

function projectContainers(
  kind: ContainerProjection['kind'],
  specs: readonly unknown[],
  statuses: readonly unknown[],
): ContainerProjection[] {
  return specs.map((spec) => {
    const { name, image, imagePullPolicy } = recordOf(spec)
    const status = recordOf(statuses.find((candidate) => recordOf(candidate).name === name))
    return {
      kind,
      image: textOf(image),
      imageID: textOf(status.imageID),
      pullPolicy: pullPolicyOf(textOf(imagePullPolicy)),
      waitingReason: textOf(recordOf(recordOf(status.state).waiting).reason),
    }
  })
}

function lastFinish(statuses: readonly unknown[]): number | undefined {
  let last: number | undefined
  for (const status of statuses) {
    const at = timeOf(recordOf(recordOf(recordOf(status).state).terminated).finishedAt)
    if (at !== undefined && at > (last ?? 0)) last = at
  }
  return last
}

function controllerOf(references: readonly unknown[]): OwnerProjection | undefined {
  const owner = references.map(recordOf).find((reference) => reference.controller === true)
  if (owner === undefined) return undefined
  return { kind: textOf(owner.kind), name: textOf(owner.name), uid: textOf(owner.uid) }
}
