import { holdText, type StandingHold } from '#controllers/evicted-hold.ts'
import { scheduledPlanAt } from '#controllers/policy-due.ts'
import { planFigures } from '#controllers/policy-figures.ts'
import type { PolicyContext, PolicyPass } from '#controllers/policy-pass.ts'
import type { Planning } from '#controllers/policy-planner.ts'
import type { KeptPlan, PolicyPlans } from '#controllers/policy-plans.ts'
import { locatedEntries, unmatchedRestores } from '#controllers/policy-restore.ts'
import { statusAfterPlan, withNextPlan, withStandingHold } from '#controllers/policy-status.ts'
import { planVerdict } from '#controllers/policy-verdict.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { EvictionHistory } from '#evict/evicted.ts'
import { registryNames } from '#inventory/registry-names.ts'
import type { Log } from '#kube/log.ts'
import { packPlan } from '#report/packed-plan.ts'
import { policyPlanDocument } from '#report/policy-plan-document.ts'
import type { Block } from '#retention/blocks.ts'
import type { PolicyRecord } from '#retention/policy-record.ts'
import { shadowedRulesInSteps } from '#retention/shadowed-rules.ts'
import { unmatchedRules } from '#retention/unmatched-rules.ts'
import { keyOf } from '#runtime/object-key.ts'
import { toleratedProblem } from '#runtime/tolerated-problem.ts'
import { calmly } from '#time/calmly.ts'

/** A plan with all that is to be said of it. */
export interface PlanNews {
  readonly planning: Planning
  readonly blocks: readonly Block[]
  /** Because of which nothing goes until a human has looked. */
  readonly hold: StandingHold | undefined
  /** The run that is not over. */
  readonly open: PolicyRecord['run']
  readonly before: KeptPlan | undefined
  /** Where the registry answered. */
  readonly url: string
  /** What the policy has evicted; undefined: the workspace does not tell. */
  readonly history: EvictionHistory | undefined
}

/** Tells a plan: in short in the status, and whole where it is kept, to which the status refers. @throws CANCELLED, LEADERSHIP_LOST, KUBE_* */
export async function tellPlan(
  plans: Pick<PolicyPlans, 'keep'>,
  pass: PolicyPass,
  { spec, rules, registry, schedule }: Pick<PolicyContext, 'spec' | 'rules' | 'registry' | 'schedule'>,
  { planning, blocks, hold, open, before, url, history }: PlanNews,
): Promise<void> {
  const { plan, facts } = planning
  const { namespace = '', name } = pass.policy.metadata
  const document = await policyPlanDocument({
    policy: { namespace, name },
    registry: { name: registry.metadata.name, url },
    ...{ mode: spec.mode, readAt: facts.readAt, plan, blocks, before },
    unmatchedRules: unmatchedRules(rules, facts),
  })
  const shadowedRules = await calmly(shadowedRulesInSteps(rules, facts))
  const names = registryNames(specOf(RegistrySpec, registry), registry.metadata.namespace ?? '')
  const entries = locatedEntries(spec.restore ?? [], names)
  const unmatched =
    history === undefined ? undefined : await calmly(unmatchedRestores({ entries, history, facts }))
  const figures = planFigures({ url, spec, planning, document, shadowedRules, unmatchedRestores: unmatched })
  const verdict = planVerdict(figures, spec, hold === undefined ? undefined : holdText(hold), open)
  const nextAt = scheduledPlanAt(pass.policy, facts.readAt, schedule)
  await pass.write((status) => {
    const planned = statusAfterPlan(status, figures, verdict, pass.stamp)
    return withNextPlan(withStandingHold(planned, hold), nextAt)
  })
  const packed = await packPlan(document)
  const report = await plans.keep(pass.policy, registry, packed, pass.signal)
  await pass.write(({ plan: shown, ...status }) => {
    if (shown === undefined) return status
    const { report: _, ...rest } = shown
    return { ...status, plan: report === undefined ? rest : { ...rest, report } }
  })
}

/** The plan that the status speaks of; undefined: there is none, or it cannot be read. @throws CANCELLED */
export async function planBefore(
  { plans, log }: { readonly plans: Pick<PolicyPlans, 'find'>; readonly log: Log },
  { policy, signal }: PolicyPass,
  registry: RegistryObject,
): Promise<KeptPlan | undefined> {
  const digest = policy.status?.plan?.digest
  if (digest === undefined) return undefined
  try {
    return await plans.find(policy, registry, digest, signal)
  } catch (thrown) {
    // A plan can be made without the one before.
    const { code, advice } = toleratedProblem(thrown, signal)
    log.warn({ policy: keyOf(policy), code, reason: advice }, 'the plan before is not read')
    return undefined
  }
}
