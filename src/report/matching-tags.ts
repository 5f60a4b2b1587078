/** The rows of a plan in columns, as the page holds them: repositories, reasons and rules by their place in a list. */
export interface TagTable {
  readonly repositories: readonly string[]
  /** Texts with their codes. */
  readonly reasons: readonly string[]
  readonly rules: readonly string[]
  readonly tag: readonly string[]
  readonly digest: readonly string[]
  readonly repository: ArrayLike<number>
  readonly action: ArrayLike<number>
  readonly code: ArrayLike<number>
  readonly reason: ArrayLike<number>
  readonly rule: ArrayLike<number>
}

export interface TagQuery {
  /** Words that all have to be in a row, whatever the case. */
  readonly text: string
  /** Any of them. */
  readonly actions: readonly number[]
  /** null: any. */
  readonly code: number | null
}

/**
 * The places of the rows that match, in their order: 400,000 in a few hundred milliseconds, as most of what is searched is in the short lists.
 * The page runs the source of this very function: it must not use anything outside of it.
 */
export function matchingTags(table: TagTable, query: TagQuery): number[] {
  const holding = (texts: readonly string[], word: string) =>
    texts.map((text) => text.toLowerCase().includes(word))
  const words = query.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => ({
      word,
      repositories: holding(table.repositories, word),
      reasons: holding(table.reasons, word),
      rules: holding(table.rules, word),
    }))
  const found: number[] = []
  for (let at = 0; at < table.tag.length; at += 1) {
    if (!query.actions.includes(table.action[at] ?? 0)) continue
    if (query.code !== null && query.code !== table.code[at]) continue
    const repository = table.repository[at] ?? 0
    const isWanted = words.every(({ word, repositories, reasons, rules }) => {
      if (repositories[repository] || reasons[table.reason[at] ?? 0] || rules[table.rule[at] ?? 0])
        return true
      const tag = (table.tag[at] ?? '').toLowerCase()
      if (tag.includes(word) || (table.digest[at] ?? '').includes(word)) return true
      // A whole image, as people copy it from elsewhere.
      return word.includes(':') && `${table.repositories[repository]}:${tag}`.toLowerCase().includes(word)
    })
    if (isWanted) found.push(at)
  }
  return found
}
