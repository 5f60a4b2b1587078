/** What a user says about one cluster of an inventory (S05). */
export interface ClusterPolicy {
  /** Unique within the inventory. */
  readonly name: string
  /** false: its absence blocks nothing, and its last known set stays in use. */
  readonly required: boolean
  /** UID of its `kube-system` namespace, where the user pins it: acknowledges a change, or a duplicate. */
  readonly identity?: string | undefined
  /** A human knows that another entry reaches the same cluster. */
  readonly duplicateAcknowledged: boolean
  /** With fewer distinct live images it is not trusted. */
  readonly floor: number
  readonly maxShrinkPercent: number
  /** The token that the status showed; accepts one shrink. */
  readonly acceptShrink?: string | undefined
}
