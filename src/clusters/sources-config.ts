import type { ImageRules } from '#inventory/image-rules.ts'

/** Whether the cluster counts as synced while a source is not there or may not be read. */
export interface SourceChoice {
  readonly enabled: boolean
  readonly blocks: boolean
}

/** Objects of a kind that somebody installed, and where they name images. */
export interface CustomSourceConfig {
  /** Empty: the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly blocks: boolean
  readonly rules: ImageRules
}

/** What is looked at in every cluster of an inventory, besides its pods. */
export interface SourcesConfig {
  readonly workloads: SourceChoice
  readonly rolloutHistory: SourceChoice
  readonly nodes: SourceChoice
  readonly helmReleases: { readonly namespaces: readonly string[]; readonly blocks: boolean } | undefined
  readonly custom: readonly CustomSourceConfig[]
}

/** Everything that needs no decision of a user. */
export const DEFAULT_SOURCES: SourcesConfig = {
  workloads: { enabled: true, blocks: true },
  rolloutHistory: { enabled: true, blocks: true },
  nodes: { enabled: true, blocks: true },
  helmReleases: undefined,
  custom: [],
}
