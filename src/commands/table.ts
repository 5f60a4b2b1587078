const GAP = '  '
/** A column is not cut below this. */
const SHORTEST = 16

export interface TableFit {
  /** Columns of the terminal; undefined: nothing is cut. */
  readonly width: number | undefined
  /** Columns of the table that may be cut: always the widest of them, so that none is cut for another's sake. */
  readonly shrink: readonly [number, ...number[]]
}

/** Rows as aligned lines, without spaces at the ends. Rows may have fewer cells than the longest. */
export function alignedLines(rows: readonly (readonly string[])[], fit?: TableFit): string[] {
  const widths = fitted(naturalWidths(rows), fit)
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? cell.length
        return shortened(cell, width).padEnd(width)
      })
      .join(GAP)
      .trimEnd(),
  )
}

/** `text` in at most `width` characters. What goes, goes from its middle: names differ at their ends. */
export function shortened(text: string, width: number): string {
  if (text.length <= width) return text
  const kept = Math.max(0, width - 1)
  const head = Math.ceil(kept / 2)
  return `${text.slice(0, head)}…${text.slice(text.length - (kept - head))}`
}

function naturalWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
    })
  }
  return widths
}

function fitted(natural: readonly number[], fit: TableFit | undefined): readonly number[] {
  if (fit?.width === undefined) return natural
  const widths = [...natural]
  let excess = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) - fit.width
  while (excess > 0) {
    const widest = fit.shrink.reduce((a, b) => ((widths[b] ?? 0) > (widths[a] ?? 0) ? b : a))
    const width = widths[widest] ?? 0
    if (width <= SHORTEST) break
    widths[widest] = width - 1
    excess -= 1
  }
  return widths
}
