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
  /** undefined: nobody remembers. */
  readonly unusedSince: UnusedSince | undefined
}

/** Since when it would be known if something unused had been used. */
export interface UnusedSince {
  /** ms since the epoch. */
  readonly at: number
  /** Watching began then, for the first time or after a gap; false: what was used before that is forgotten by now. */
  readonly isWatchStart: boolean
}

export interface RestoredTag {
  readonly repository: string
  readonly tag: string
  /** It stays until then, ms since the epoch. */
  readonly until: number
}
