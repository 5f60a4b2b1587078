import type { Distrust } from '#inventory/trust/distrust.ts'

/** What is known of who a cluster is; identities are UIDs of `kube-system` namespaces. */
export interface IdentityFacts {
  /** What the cluster says. */
  readonly live: string
  /** What the spec says. */
  readonly pinned?: string | undefined
  /** What it was when it was adopted under this name. */
  readonly recorded?: string | undefined
  /** Another entry of the inventory that reaches the same cluster. */
  readonly sameAs?: string | undefined
  readonly duplicateAcknowledged: boolean
}

/**
 * Whether a cluster may be taken for the one that the user means (S05): a Secret that was rotated to another cluster, one rebuilt under the
 * same address, two entries that reach the same one while a third is reached by none. undefined: it may.
 */
export function judgeIdentity(facts: IdentityFacts): Distrust | undefined {
  const { live, pinned, recorded, sameAs } = facts
  if (pinned !== undefined && pinned !== live) {
    return changed(`the spec pins identity ${pinned}, and the cluster says ${live}`)
  }
  if (sameAs !== undefined && !facts.duplicateAcknowledged) {
    const message = `It is the same cluster as ${sameAs} (identity ${live}). Remove one, or name this one in acknowledgeDuplicates`
    return { reason: 'DuplicateCluster', message }
  }
  if (recorded !== undefined && recorded !== live && pinned === undefined) {
    return changed(`it was ${recorded} and is ${live} now. If that is right, set identity: ${live}`)
  }
  return undefined
}

function changed(how: string): Distrust {
  return { reason: 'IdentityChanged', message: `Another cluster answers: ${how}` }
}
