import { type PackedPlan, unpackedRows } from '#report/packed-plan.ts'
import type { PlanDocument } from '#report/plan-document.ts'
import { type PlanRow, planRows } from '#report/plan-rows.ts'

/** A plan as JSON, in pieces: its head, then one line for each tag. */
export function* jsonPlan(plan: PlanDocument): Generator<string> {
  const { repositories: _, ...head } = plan
  yield headText(head)
  let before = ''
  for (const row of planRows(plan)) {
    yield before + rowText(row)
    before = ','
  }
  yield endText(before === '')
}

/** The same of a packed one; each piece is some hundred kilobytes. */
export async function* packedJsonPlan(plan: PackedPlan): AsyncGenerator<string, void, void> {
  yield headText(plan.head)
  let before = ''
  for await (const rows of unpackedRows(plan)) {
    yield before + rows.map(rowText).join(',')
    before = ','
  }
  yield endText(before === '')
}

function headText(head: object): string {
  return `${JSON.stringify(head, null, 2).replace(/\n\}$/, ',\n')}  "tags": [`
}

function rowText(row: PlanRow): string {
  return `\n    ${JSON.stringify(row)}`
}

function endText(isEmpty: boolean): string {
  return `${isEmpty ? '' : '\n  '}]\n}\n`
}
