import { type Owner, ownerOf } from '#inventory/owner.ts'
import type { ContainerUse, UseKind, UsingObject } from '#inventory/using-object.ts'

/** What an object tells the inventory, whichever of its owner's objects it is. */
export interface Usage {
  readonly use: UseKind
  /** A pod that will run no container again. */
  readonly finished: boolean
  readonly namespace: string
  /** As the object names it: the ReplicaSet of a pod, not its Deployment. */
  readonly owner: Owner
  readonly hasPullSecrets: boolean
  readonly containers: readonly ContainerUse[]
}

/** Images without a name are left out; every other text counts, legal reference or not. */
export function usageOf(object: UsingObject): Usage {
  const { use, finishedAt, namespace, hasPullSecrets, images } = object
  return {
    use,
    finished: finishedAt !== undefined,
    namespace,
    owner: ownerOf(object),
    hasPullSecrets,
    containers: images.every(isNamed) ? images : images.filter(isNamed),
  }
}

function isNamed({ image }: ContainerUse): boolean {
  return image !== ''
}
