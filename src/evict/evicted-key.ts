/** A tag, or a manifest, that a run took away or that was brought back after that. */
export interface EvictedThing {
  readonly run: string
  readonly repository: string
  readonly tag?: string | undefined
  readonly digest: string
  /** When that was recorded, ms since the epoch. */
  readonly at: number
}

/** The identity of what went: a tag is one thing, whatever it named. */
export function evictedKey(each: Pick<EvictedThing, 'repository' | 'tag' | 'digest'>): string {
  return each.tag === undefined ? digestKey(each) : tagKey(each)
}

export function tagKey({ repository, tag }: Pick<EvictedThing, 'repository' | 'tag'>): string {
  return `${repository}:${tag}`
}

export function digestKey({ repository, digest }: Pick<EvictedThing, 'repository' | 'digest'>): string {
  return `${repository}@${digest}`
}
