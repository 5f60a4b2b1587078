/** A tag and the digest that it has, or had. */
export interface Binding {
  readonly tag: string
  readonly digest: string
}

/** What goes of one repository, as it was decided: plain data of a plan. */
export interface Eviction {
  readonly repository: string
  /** Every tag of the repository with the digest that it had when that was decided, those that stay too. */
  readonly tags: ReadonlyMap<string, string>
  /** The tags that go. */
  readonly bindings: readonly Binding[]
  /**
   * The manifests that go as soon as no tag names them: those of the bindings, children and referrers, without any that something needs
   * that stays.
   */
  readonly digests: readonly string[]
}

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

/** A candidate without its repository, and how it ended. */
export interface Ended {
  readonly tag?: string | undefined
  readonly digest: string
  readonly outcome: Outcome
}
