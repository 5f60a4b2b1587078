import type { RepositoryFacts, TagFacts } from '#retention/facts.ts'

/** A tag of a repository, by its name; undefined: it has no such tag. O(log tags), and no memory. */
export function boundTag({ tags }: Pick<RepositoryFacts, 'tags'>, name: string): TagFacts | undefined {
  let from = 0
  let to = tags.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((tags[middle]?.tag ?? '') < name) from = middle + 1
    else to = middle
  }
  return tags[from]?.tag === name ? tags[from] : undefined
}
