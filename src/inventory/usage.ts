import type { ContainerUse, UsageRow } from '#inventory/aggregate.ts'
import { parseImageID } from '#inventory/image-id.ts'
import { workloadOf } from '#inventory/owner.ts'
import { isPullFailure, type PodRow } from '#inventory/pod-row.ts'

/** What a pod tells the inventory, whichever of its workload's pods it is. */
export type Usage = Pick<UsageRow, 'namespace' | 'workload' | 'hasPullSecrets' | 'containers'>

/** Reads a pod. Containers that name no image are left out; every other text counts, legal reference or not. */
export function usageOf(pod: PodRow): Usage {
  const containers: ContainerUse[] = []
  for (const { image, imageID, pullPolicy, waitingReason } of pod.containers) {
    if (image === '') continue
    containers.push({
      image,
      running: parseImageID(imageID),
      neverPull: pullPolicy === 'Never',
      pullFailing: isPullFailure(waitingReason),
    })
  }
  for (const image of pod.volumeImages) {
    if (image !== '') containers.push({ image, running: undefined, neverPull: false, pullFailing: false })
  }
  return {
    namespace: pod.namespace,
    workload: workloadOf(pod.owner, pod.name),
    hasPullSecrets: pod.hasPullSecrets,
    containers,
  }
}
