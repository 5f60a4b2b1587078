import { counted } from '#catalogue/counted.ts'
import { countedRepositories } from '#commands/listing-progress.ts'
import { printable } from '#commands/printable.ts'
import { byteText } from '#report/byte-text.ts'
import { csvPlan } from '#report/csv-plan.ts'
import { jsonPlan } from '#report/json-plan.ts'
import type { PlanDocument } from '#report/plan-document.ts'
import { planRows } from '#report/plan-rows.ts'

export const PLAN_OUTPUTS = ['table', 'json', 'csv'] as const
export type PlanOutput = (typeof PLAN_OUTPUTS)[number]

export interface PlanFormat {
  readonly output: PlanOutput
  /** Of a table: with what stays. */
  readonly kept: boolean
}

/** The plan in pieces. */
export function formatPlan(plan: PlanDocument, { output, kept }: PlanFormat): Iterable<string> {
  switch (output) {
    case 'table':
      return listOf(plan, kept)
    case 'json':
      return jsonPlan(plan)
    case 'csv':
      return csvPlan(plan)
  }
}

/** Wide enough for `untag`, the longest. */
const ACTION_WIDTH = 5

/** A line for each tag that goes, or for each tag, and then what that comes to. A registry may have 400,000: nothing is aligned over all. */
function* listOf(plan: PlanDocument, kept: boolean): Generator<string> {
  let isEmpty = true
  for (const { action, repository, tag, reason } of planRows(plan)) {
    if (action === 'keep' && !kept) continue
    isEmpty = false
    yield `${action.padEnd(ACTION_WIDTH)}  ${printable(`${repository}:${tag}  ${reason}`)}\n`
  }
  yield `${isEmpty ? '' : '\n'}${summaryText(plan)}\n${WITHOUT_MEMORY}\n`
}

/** A list ends with it. JSON and CSV are read by programs: it is said beside them. */
export const WITHOUT_MEMORY =
  'This is by what is in use now; no memory of earlier use was read, and nothing carries this plan out.'

function summaryText({ summary }: PlanDocument): string {
  const { tags, repositories, keep, evict, untag, digests, unreferencedBytes } = summary
  const all = `${counted(tags, 'tag')} of ${countedRepositories(repositories)}`
  if (evict + untag === 0) return `Nothing of ${all} would go.`
  const gone = [
    evict === 0 ? '' : `${counted(evict, 'tag')} would be evicted with ${counted(digests, 'digest')}`,
    untag === 0 ? '' : `${counted(untag, 'tag')} would go while the digest stays`,
  ].filter((part) => part !== '')
  return `Of ${all}, ${gone.join(', ')}; ${keep} ${keep === 1 ? 'stays' : 'stay'}. ${byteText(unreferencedBytes)} would be unreferenced, for the registry's garbage collection to free.`
}
