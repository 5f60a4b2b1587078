import type { ReportedUser } from '#report/check-report.ts'

/** `cluster/namespace/kind/name`, as the status has it. */
export function userText({ cluster, namespace, kind, name }: ReportedUser): string {
  return `${cluster}/${namespace}/${kind}/${name}`
}
