import type { ClusterAccess } from '#clusters/cluster-access.ts'
import type { SourcesConfig } from '#clusters/sources-config.ts'
import type { ClusterPolicy } from '#inventory/cluster-policy.ts'
import type { Pins } from '#inventory/pins.ts'

/** Everything that a live inventory needs to be told: a spec, with all that it refers to read. */
export interface InventoryConfig {
  /** Of the object and spec that it was made of: another one says something else of what is in use (S10). Absent: there is none. */
  readonly mark?: string | undefined
  /** How long an image counts after it was last seen, ms. */
  readonly retainMs: number
  readonly clusters: readonly { readonly policy: ClusterPolicy; readonly access: ClusterAccess }[]
  /** Identities of clusters whose last known sets a human lets go. */
  readonly release: readonly string[]
  readonly sources: SourcesConfig
  readonly pins: Pins
  /** Why not every pin is known. */
  readonly pinProblems: readonly string[]
}
