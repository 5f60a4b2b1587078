import type { Api } from '../support/api.ts'

/** What a run ends in, without times: two runs over the same world must give the same. */
export interface FinalStatus {
  readonly registry: unknown
  readonly inventory: unknown
  readonly check: unknown
}

const TIMES = new Set([
  'lastTransitionTime',
  'firstSeen',
  'startedAt',
  'finishedAt',
  'durationSeconds',
  'oldestEvidence',
  'coveredSince',
])

/** The final status of the three objects of a namespace; undefined while the run that `token` asked for goes on. */
export async function finalStatus(
  api: Api,
  namespace: string,
  token: string,
): Promise<FinalStatus | undefined> {
  const [registry, inventory, check] = await Promise.all([
    api.registry({ namespace, name: 'main' }),
    api.inventory({ namespace, name: 'all' }),
    api.check({ namespace, name: 'main' }),
  ])
  const done =
    check.status?.lastHandledReconcileAt === token &&
    check.status.conditions?.some(({ type, status }) => type === 'Healthy' && status === 'False') &&
    registry.status?.conditions?.some(({ type, status }) => type === 'Reachable' && status === 'True') &&
    (['Synced', 'Trusted'] as const).every((verdict) =>
      inventory.status?.conditions?.some(({ type, status }) => type === verdict && status === 'True'),
    )
  if (!done) return undefined
  return {
    registry: withoutTimes(registry.status),
    inventory: withoutTimes(inventory.status),
    check: withoutTimes(check.status),
  }
}

function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (TIMES.has(key) ? [] : [[key, withoutTimes(inner)]])),
  )
}
