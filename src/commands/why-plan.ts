import { asTallymanError } from '#catalogue/error.ts'
import type { LastPlan } from '#commands/last-plan.ts'
import type { PolicyAbout, RegistryAbout } from '#commands/policies-about.ts'
import { errorWords } from '#commands/registry-remedy.ts'
import type { RegistrySession } from '#commands/registry-session.ts'
import { readKeptRows } from '#report/kept-plan-reader.ts'
import { keptPlanAt, planRepository } from '#report/kept-plans.ts'
import type { PlanRow } from '#report/plan-rows.ts'

/** What the last plan of a policy says of the tags of a repository: it is made with what only the operator remembers. */
export interface Planned {
  /** When the registry was read for it, ms since the epoch. */
  readonly at: number
  /** undefined: the plan has no such tag. */
  verdictOn(tag: string, digest: string | undefined): PlannedVerdict | undefined
}

export type PlannedVerdict = Pick<PlanRow, 'action' | 'reason' | 'rule'> & {
  /** null: the status alone is known, which gives no reason why something stays. */
  readonly code: PlanRow['code'] | null
}

/** Why nobody can say here what the plan says, for people. */
export interface Unplanned {
  readonly unknown: string
}

/**
 * What the last plan of a policy says of a repository, read from the workspace with the rights of who asks, or from a status that names all that goes. It only reads.
 * @throws CANCELLED
 */
export async function plannedBy(
  policy: PolicyAbout,
  { client, signal }: Pick<RegistrySession, 'client' | 'signal'>,
): Promise<Planned | Unplanned> {
  const { plan, registry } = policy
  if (plan === undefined) return { unknown: 'it has made no plan yet' }
  const kept = await keptRows(policy, plan, { client, signal })
  if (!('unknown' in kept)) return kept
  const { removals } = plan
  if (removals === undefined || !plan.isOfThisSpec) return kept
  return { at: plan.at, verdictOn: (tag, digest) => byStatus(removals, registry, tag, digest) }
}

async function keptRows(
  { name, registry }: PolicyAbout,
  plan: LastPlan,
  { client, signal }: Pick<RegistrySession, 'client' | 'signal'>,
): Promise<Planned | Unplanned> {
  const { prefix, elsewhere } = registry.workspace
  if (plan.kept === undefined) {
    return { unknown: plan.unkept ?? `Registry ${registry.name} has no workspace, in which it would be kept` }
  }
  if (elsewhere !== undefined) {
    return {
      unknown: `it is kept in the workspace, which lies in Registry ${elsewhere} and is not read here`,
    }
  }
  const [namespace = '', policyName = ''] = name.split('/')
  const repository = planRepository(prefix, namespace, policyName)
  const call = { signal, lane: 'interactive' } as const
  try {
    const entry = await keptPlanAt(client, repository, plan.kept, call)
    if (entry === undefined) return { unknown: `there is no ${repository}@${plan.kept} any more` }
    const { head, rows } = await readKeptRows(client, repository, entry, registry.image.repository, call)
    if (
      head.policy.uid !== plan.policy ||
      head.digest !== plan.digest ||
      head.registry.uid !== registry.uid
    ) {
      return { unknown: `what lies at ${repository}@${plan.kept} is another one` }
    }
    if (head.rules !== plan.rules) return { unknown: 'its last one is by rules that it had before' }
    const byTag = new Map(rows.map((row) => [row.tag, row]))
    return {
      at: plan.at,
      verdictOn: (tag, digest) => {
        const row = byTag.get(tag)
        return row?.digest === digest ? row : undefined
      },
    }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = asTallymanError(thrown)
    if (error.code === 'INTERNAL') throw thrown
    return { unknown: errorWords(error) }
  }
}

/** What goes is named with its reason; of the rest it is known that it does not. */
function byStatus(
  removals: NonNullable<LastPlan['removals']>,
  { url, image: { repository } }: RegistryAbout,
  tag: string,
  digest: string | undefined,
): PlannedVerdict | undefined {
  const below = `${repository}:${tag}`
  const pulled = `${url.host}${url.pathname.replace(/\/*$/, '/')}${below}`
  const named = removals.find(({ image }) => image === below || image === pulled)
  if (named === undefined) {
    return { action: 'keep', code: null, reason: 'its last plan does not let go of it', rule: null }
  }
  const { action, reason, rule = null } = named
  return named.digest === digest ? { ...{ action, reason, rule }, code: null } : undefined
}
