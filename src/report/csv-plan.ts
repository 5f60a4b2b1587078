import { type Column, csvLines, csvRows } from '#report/csv-lines.ts'
import { type PackedPlan, unpackedRows } from '#report/packed-plan.ts'
import type { PlanDocument } from '#report/plan-document.ts'
import { type PlanRow, planRows } from '#report/plan-rows.ts'

const COLUMNS: readonly Column<PlanRow>[] = [
  ['repository', (row) => row.repository],
  ['tag', (row) => row.tag],
  ['action', (row) => row.action],
  ['code', (row) => row.code],
  ['reason', (row) => row.reason],
  ['rule', (row) => row.rule],
  ['digest', (row) => row.digest],
]

/** One line for each tag, in the order of the plan. */
export function csvPlan(plan: PlanDocument): Generator<string> {
  return csvLines(COLUMNS, planRows(plan))
}

/** The same of a packed plan; each piece is some hundred kilobytes. */
export function packedCsvPlan(plan: PackedPlan): AsyncGenerator<string, void, void> {
  return packedLines(plan, () => true)
}

/** Only what goes. */
export function packedCsvEvictions(plan: PackedPlan): AsyncGenerator<string, void, void> {
  return packedLines(plan, ({ action }) => action !== 'keep')
}

async function* packedLines(
  plan: PackedPlan,
  wanted: (row: PlanRow) => boolean,
): AsyncGenerator<string, void, void> {
  yield [...csvLines(COLUMNS, [])].join('')
  for await (const rows of unpackedRows(plan)) {
    const text = [...csvRows(COLUMNS, rows.filter(wanted))].join('')
    if (text !== '') yield text
  }
}
