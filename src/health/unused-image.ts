import { parseReference } from '#inventory/reference.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

/** An image that nothing is known to use: what a look at a whole registry comes across. */
export function unusedImage(image: string): ImageUse {
  return {
    image,
    reference: parseReference(image),
    kinds: [],
    pods: 0,
    objects: 0,
    nodesCaching: 0,
    finishedOnly: false,
    users: [],
    namespaces: [],
    neverPulled: false,
    withPullSecret: false,
    runningDigests: [],
    runningConfigs: [],
    pullFailures: 0,
  }
}
