import type { InUseIndex } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import type { RegistryFacts } from '#retention/facts.ts'

/** Everything that a plan is made from. */
export interface RetentionInput {
  readonly facts: RegistryFacts
  /** Of all inventories, and of what other installations claim (S01). */
  readonly usage: InUseIndex
  /** The names under which the registry is known: base images are named by them. */
  readonly names: RegistryNames
  readonly rules: readonly CompiledRule[]
  /** ms since the epoch. */
  readonly now: number
  /** What repositories of workspaces begin with, of any installation (S08). */
  readonly workspaces: readonly string[]
  /** What was restored lately (S12). */
  readonly restored: readonly RestoredTag[]
  /** Since when it would be known if something unused had been used, ms since the epoch; undefined: nobody remembers. */
  readonly unusedSince: number | undefined
}

export interface RestoredTag {
  readonly repository: string
  readonly tag: string
  /** It stays until then, ms since the epoch. */
  readonly until: number
}
