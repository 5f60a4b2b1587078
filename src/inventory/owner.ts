/** The controller of a pod, from its `metadata.ownerReferences`. */
export interface PodOwner {
  readonly kind: string
  readonly name: string
}

/** `rand.SafeEncodeString` of a 32-bit hash in decimal (k8s.io/apimachinery/pkg/util/rand): no vowels, no 0, 1, 3. */
const POD_TEMPLATE_HASH = /^(.+)-[bcdfghjklmnpqrstvwxz2456789]{6,10}$/
/** The scheduled time in minutes since the epoch (8 digits), in seconds before Kubernetes 1.21 (10 digits). */
const SCHEDULED_TIME = /^(.+)-[0-9]{8,10}$/

/**
 * The workload that people know behind the owner of a pod: the Deployment of a ReplicaSet, the CronJob of a Job, the
 * pod itself where no controller owns it (a static pod is owned by its Node). It goes by names alone, because pods
 * do not say who owns their owner: a ReplicaSet made by hand may be taken for one of a Deployment, so this is for
 * display and severity, never for a decision about content.
 */
export function workloadOf(owner: PodOwner | undefined, podName: string): PodOwner {
  if (owner === undefined || owner.kind === 'Node') return { kind: 'Pod', name: podName }
  if (owner.kind === 'ReplicaSet') return renamed(owner, POD_TEMPLATE_HASH, 'Deployment')
  if (owner.kind === 'Job') return renamed(owner, SCHEDULED_TIME, 'CronJob')
  return { kind: owner.kind, name: owner.name }
}

function renamed(owner: PodOwner, pattern: RegExp, kind: string): PodOwner {
  const [, name] = pattern.exec(owner.name) ?? []
  return name === undefined ? { kind: owner.kind, name: owner.name } : { kind, name }
}
