import type { Finding } from '#health/finding.ts'
import type { ImageState, RollUp } from '#health/roll-up.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import type { LapMemory } from '#scan/lap-input.ts'

export interface LookedAtImage {
  readonly use: ImageUse
  readonly state: ImageState
  /** Where it is in the registry; absent for a repository that could not be listed. */
  readonly place?: ImagePlace | undefined
  /** What is wrong with it, as far as spec.ignore does not accept it. */
  readonly findings: readonly Finding[]
}

export interface ImagePlace {
  /** Below the URL of the Registry. */
  readonly repository: string
  /** Tag or digest. */
  readonly reference: string
  readonly isTag: boolean
  /** What the reference names, or named when it was seen last. */
  readonly digest?: string | undefined
}

/** What one lap over a registry brought. */
export interface Lap extends RollUp {
  /** Every image in scope. */
  readonly lookedAt: readonly LookedAtImage[]
  readonly inUse: number
  /** Images in use that belong to another registry. */
  readonly elsewhere: number
  /** Findings that spec.ignore accepts. */
  readonly accepted: readonly Finding[]
  /** When the oldest proof was made that this stands on, ms since the epoch. */
  readonly oldestEvidence: number | undefined
  /** At depth Content. */
  readonly content: { readonly blobs: number; readonly read: number } | undefined
  readonly memory: LapMemory
}
