import { type PackedPlan, unpackedRows } from '#report/packed-plan.ts'
import type { PlanRow } from '#report/plan-rows.ts'
import { identityLine, removalLine } from '#retention/plan-digest.ts'

/** A tag that goes, with what it named when the plan was made. */
export interface KeptRemoval {
  readonly repository: string
  readonly tag: string
  readonly digest: string
  readonly action: 'untag' | 'evict'
}

/** What goes, sorted by repository and tag. */
export async function removalsOf(plan: PackedPlan): Promise<KeptRemoval[]> {
  const found: KeptRemoval[] = []
  for await (const rows of unpackedRows(plan)) {
    for (const { repository, tag, digest, action } of rows) {
      if (action !== 'keep' && digest !== null) found.push({ repository, tag, digest, action })
    }
  }
  return found
}

/** The very lines that the digest of the plan is over (S12): who reads them can tell that these are what was approved. */
export async function* removalLines(plan: PackedPlan): AsyncGenerator<string, void, void> {
  const { registry, policy, rules } = plan.head
  yield identityLine({ registry: registry.uid, url: registry.url, policy: policy.uid, rules })
  for await (const rows of unpackedRows(plan)) {
    const goes = rows.filter(({ action }) => action !== 'keep')
    if (goes.length > 0) yield goes.map(rowLine).join('')
  }
}

function rowLine({ repository, tag, digest, action }: PlanRow): string {
  return removalLine({ repository, tag, digest: digest ?? undefined, action })
}
