export interface RowQuery {
  /** Words that all have to be in a row, whatever the case. */
  readonly text: string
  /** By column, the number of the label that a row must have; null: any. */
  readonly only: readonly (number | null)[]
  readonly sortBy: number
  readonly descending: boolean
}

/**
 * The places of the rows that match, in the order asked for; rows that are equal there keep theirs.
 * The page runs the source of this very function: it must not use anything outside of it.
 * @param texts what of each row is searched, in lower case
 */
export function matchingRows(
  rows: readonly (readonly unknown[])[],
  texts: readonly string[],
  query: RowQuery,
): number[] {
  const words = query.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const found: number[] = []
  rows.forEach((row, index) => {
    const text = texts[index] ?? ''
    const isWanted = query.only.every((label, column) => label === null || row[column] === label)
    if (isWanted && words.every((word) => text.includes(word))) found.push(index)
  })
  const { sortBy, descending } = query
  const sign = descending ? -1 : 1
  return found.sort((a, b) => {
    const left = rows[a]?.[sortBy]
    const right = rows[b]?.[sortBy]
    if (left === right) return a - b
    const isLess =
      typeof left === 'number' && typeof right === 'number' ? left < right : String(left) < String(right)
    return isLess ? -sign : sign
  })
}
