import { type Column, csvLines } from '#report/csv-lines.ts'
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
