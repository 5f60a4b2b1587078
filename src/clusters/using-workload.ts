import { keptImages } from '#inventory/keep-annotation.ts'
import type { ContainerUse, UsingObject } from '#inventory/using-object.ts'
import type { ControllerRevisionProjection } from '#kube/controller-revision-projection.ts'
import type { MetaProjection } from '#kube/meta-projection.ts'
import type { PodProjection } from '#kube/pod-projection.ts'
import type { PodTemplate } from '#kube/pod-template.ts'
import type { WorkloadProjection } from '#kube/workload-projection.ts'

/** A workload by its pod template. A ReplicaSet of somebody else at 0 replicas is what a rollback would bring back. */
export function usingWorkload(workload: WorkloadProjection): UsingObject {
  const isOld = workload.kind === 'ReplicaSet' && workload.owner !== undefined && workload.replicas === 0
  return usingTemplate(workload, workload.kind, isOld ? 'history' : 'template')
}

/** A revision that a rollback of its owner would bring back. */
export function usingRevision(revision: ControllerRevisionProjection): UsingObject {
  return usingTemplate(revision, 'ControllerRevision', 'history')
}

/** The images that an object says it needs besides those it names as its own; undefined where it says nothing. */
export function keptBy(
  object: Pick<PodProjection, 'uid' | 'namespace' | 'name' | 'owner' | 'keep'>,
  kind: string,
): UsingObject | undefined {
  const images = keptImages(object.keep)
  if (images.length === 0) return undefined
  const { uid, namespace, name, owner } = object
  return { uid, namespace, name, kind, use: 'kept', owner, hasPullSecrets: false, images: images.map(named) }
}

/** An image that is named, of which nothing is known to run. */
export function named(image: string): ContainerUse {
  return { image, running: undefined, neverPull: false, pullFailing: false }
}

function usingTemplate(
  object: MetaProjection & PodTemplate,
  kind: string,
  use: 'template' | 'history',
): UsingObject {
  const { uid, namespace, name, owner, hasPullSecrets, containers, volumeImages } = object
  return {
    uid,
    namespace,
    name,
    kind,
    use,
    owner,
    hasPullSecrets,
    images: [
      ...containers
        .filter(({ image }) => image !== '')
        .map(({ image, pullPolicy }) => ({ ...named(image), neverPull: pullPolicy === 'Never' })),
      ...volumeImages.map(named),
    ],
  }
}
