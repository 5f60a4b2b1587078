import type { PlanDocument } from '#report/plan-document.ts'
import { planRows } from '#report/plan-rows.ts'

/** A plan as JSON, in pieces: its head, then one line for each tag. */
export function* jsonPlan(plan: PlanDocument): Generator<string> {
  const { repositories: _, ...head } = plan
  yield JSON.stringify(head, null, 2).replace(/\n\}$/, ',\n')
  yield '  "tags": ['
  let before = ''
  for (const row of planRows(plan)) {
    yield `${before}\n    ${JSON.stringify(row)}`
    before = ','
  }
  yield `${before === '' ? '' : '\n  '}]\n}\n`
}
