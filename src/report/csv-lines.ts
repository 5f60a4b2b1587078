export type Column<Row> = readonly [name: string, cell: (row: Row) => string | number | boolean | null]

/** A head and a line for each row, as RFC 4180 has it, and safe to open in a spreadsheet. */
export function* csvLines<Row>(columns: readonly Column<Row>[], rows: Iterable<Row>): Generator<string> {
  yield `${columns.map(([name]) => name).join(',')}\r\n`
  yield* csvRows(columns, rows)
}

/** Without the head. */
export function* csvRows<Row>(columns: readonly Column<Row>[], rows: Iterable<Row>): Generator<string> {
  for (const row of rows) yield `${columns.map(([, cell]) => csvCell(cell(row))).join(',')}\r\n`
}

/**
 * What spreadsheets take for the start of a formula, in ASCII and in full width, or skip before one. The apostrophe is
 * here so that what was put in front can be told from what was there.
 */
const FORMULA = /^[=+\-@\t\r\n'＝＋－＠]/

/** One cell: with an apostrophe in front where a spreadsheet would run it, in quotes where RFC 4180 wants them. null is empty. */
export function csvCell(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  const safe = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
