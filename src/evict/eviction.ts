export type { Binding, Eviction } from '#retention/eviction-of.ts'

/** One thing that a request is about to take away: a tag, or a manifest. */
export interface Candidate {
  readonly repository: string
  readonly tag?: string | undefined
  readonly digest: string
}

/**
 * How one thing ended. `untagged`, `swept`: it went. `gone`: it was not there. `moved`: the tag names something else by now. `spared`: it is no
 * longer to go. `named`: something needs it that stays. `unreadable`: its manifest cannot be read, so it could not be brought back.
 */
export type Outcome = 'untagged' | 'swept' | 'gone' | 'moved' | 'spared' | 'named' | 'unreadable'

/** An image that stays; without a tag: in use, and no tag names it. */
export interface KeptImage {
  readonly tag?: string | undefined
  readonly digest: string
}

/** A candidate without its repository, and how it ended. */
export interface Ended {
  readonly tag?: string | undefined
  readonly digest: string
  readonly outcome: Outcome
}
