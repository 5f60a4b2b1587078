import { listOf, recordOf, textOf, timeOf } from './json.ts'
import { type OwnerProjection, projectMeta } from './meta-projection.ts'
import { type ContainerKind, type ContainerSpec, type PullPolicy, projectPodSpec } from './pod-spec.ts'

/** One container of a pod: what its spec names and what the node reports. */
export interface ContainerProjection {
  readonly kind: ContainerKind
  /** As the spec names it. */
  readonly image: string
  /** What the node really runs, as the runtime reports it; empty before the image was pulled. */
  readonly imageID: string
  readonly pullPolicy: PullPolicy
  /** `ErrImagePull`, `ImagePullBackOff`, `CrashLoopBackOff`, …; empty where it does not wait. */
  readonly waitingReason: string
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
  /** The annotation KEEP_ANNOTATION. */
  readonly keep: string
  readonly hasPullSecrets: boolean
  readonly containers: readonly ContainerProjection[]
  /** References of image volumes (spec.volumes[].image). */
  readonly volumeImages: readonly string[]
}

/** The projection of a Pod in JSON. What has the wrong type reads as absent, so it never throws. */
export function projectPod(raw: unknown): PodProjection {
  const { metadata, spec, status } = recordOf(raw)
  const { creationTimestamp, deletionTimestamp } = recordOf(metadata)
  const { nodeName, hasPullSecrets, init, containers, ephemeral, volumeImages } = projectPodSpec(spec)
  const podStatus = recordOf(status)
  const phase = textOf(podStatus.phase)
  const statuses = {
    container: listOf(podStatus.containerStatuses),
    init: listOf(podStatus.initContainerStatuses),
    ephemeral: listOf(podStatus.ephemeralContainerStatuses),
  }
  return {
    ...projectMeta(metadata),
    nodeName,
    phase,
    finishedAt: isFinished(phase) ? lastFinish(Object.values(statuses).flat()) : undefined,
    createdAt: timeOf(creationTimestamp) ?? 0,
    deletionTimestamp: timeOf(deletionTimestamp) !== undefined,
    hasPullSecrets,
    containers: [
      ...projectContainers(init, statuses.init),
      ...projectContainers(containers, statuses.container),
      ...projectContainers(ephemeral, statuses.ephemeral),
    ],
    volumeImages,
  }
}

/** Pods in these phases run no container again. */
export function isFinished(phase: string): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

function projectContainers(
  specs: readonly ContainerSpec[],
  statuses: readonly unknown[],
): ContainerProjection[] {
  return specs.map(({ kind, name, image, pullPolicy }) => {
    const status = recordOf(statuses.find((candidate) => textOf(recordOf(candidate).name) === name))
    return {
      kind,
      image,
      imageID: textOf(status.imageID),
      pullPolicy,
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
