import { packedCsvEvictions, packedCsvPlan } from '#report/csv-plan.ts'
import { htmlPlan, PLAN_PAGE_POLICY } from '#report/html-plan.ts'
import { packedJsonPlan } from '#report/json-plan.ts'
import type { PackedPlan } from '#report/packed-plan.ts'
import { CSV_TYPE, type FileFormat, HTML_TYPE, JSON_TYPE, NO_PAGE_POLICY } from '#server/file-format.ts'

export type PlanFormat = FileFormat<PackedPlan>

/** By the file name of the plan. */
export const PLAN_FORMATS = {
  'plan.html': {
    contentType: HTML_TYPE,
    policy: PLAN_PAGE_POLICY,
    title: 'The plan, as a page to read, filter and keep',
    write: htmlPlan,
  },
  'plan.json': {
    contentType: JSON_TYPE,
    policy: NO_PAGE_POLICY,
    title: 'The plan, as JSON',
    write: packedJsonPlan,
  },
  'plan.csv': {
    contentType: CSV_TYPE,
    policy: NO_PAGE_POLICY,
    title: 'Every tag, as CSV',
    write: packedCsvPlan,
  },
  'evictions.csv': {
    contentType: CSV_TYPE,
    policy: NO_PAGE_POLICY,
    title: 'What goes, as CSV',
    write: packedCsvEvictions,
  },
} as const satisfies Record<string, PlanFormat>

export type PlanFileName = keyof typeof PLAN_FORMATS

export function isPlanFile(name: string): name is PlanFileName {
  return Object.hasOwn(PLAN_FORMATS, name)
}
