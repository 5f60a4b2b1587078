import type { UsingObject } from '#inventory/using-object.ts'

/** An object that owns others, by kind and name; its namespace is theirs. */
export interface Owner {
  readonly kind: string
  readonly name: string
}

/** `rand.SafeEncodeString` of a 32-bit hash in decimal (k8s.io/apimachinery/pkg/util/rand): no vowels, no 0, 1, 3. */
const POD_TEMPLATE_HASH = /^(.+)-[bcdfghjklmnpqrstvwxz2456789]{6,10}$/
/** The scheduled time in minutes since the epoch (8 digits), in seconds before Kubernetes 1.21 (10 digits). */
const SCHEDULED_TIME = /^(.+)-[0-9]{8,10}$/

/**
 * The owner as the object itself names it; the object where no controller owns it. A static pod is owned by its Node,
 * which says where it runs and not who wants it: it counts as its own owner.
 */
export function ownerOf({ kind, name, owner }: Pick<UsingObject, 'kind' | 'name' | 'owner'>): Owner {
  return owner === undefined || owner.kind === 'Node' ? { kind, name } : owner
}

/**
 * The workload that people know behind an owner of which nothing else is known: the Deployment of a ReplicaSet, the
 * CronJob of a Job, any other owner itself. It goes by names alone: a ReplicaSet made by hand may be taken for one of
 * a Deployment, so this is for display and severity, never for a decision about content.
 */
export function guessedWorkload(owner: Owner): Owner {
  if (owner.kind === 'ReplicaSet') return renamed(owner, POD_TEMPLATE_HASH, 'Deployment')
  if (owner.kind === 'Job') return renamed(owner, SCHEDULED_TIME, 'CronJob')
  return owner
}

function renamed(owner: Owner, pattern: RegExp, kind: string): Owner {
  const [, name] = pattern.exec(owner.name) ?? []
  return name === undefined ? owner : { kind, name }
}
