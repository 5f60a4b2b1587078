import { asTallymanError } from '#catalogue/error.ts'
import { mayPurge } from '#controllers/evicted-room.ts'
import { type ApprovedPlan, decide } from '#controllers/policy-decision.ts'
import type { PolicyLeftovers } from '#controllers/policy-leftovers.ts'
import type { Planning } from '#controllers/policy-planner.ts'
import type { PolicyPlans } from '#controllers/policy-plans.ts'
import { openRun, runRefusal } from '#controllers/policy-run.ts'
import { identityOf, type PolicyRuns, type RunContext } from '#controllers/policy-runs.ts'
import type { Log } from '#kube/log.ts'
import { type Block, unaccepted } from '#retention/blocks.ts'
import { rfc3339Seconds } from '#runtime/conditions.ts'
import { keyOf } from '#runtime/object-key.ts'
import { calmly } from '#time/calmly.ts'
import type { Clock } from '#time/clock.ts'

export interface PolicyExecutionParts {
  readonly plans: Pick<PolicyPlans, 'find'>
  readonly runs: Pick<PolicyRuns, 'abandon' | 'resume' | 'start' | 'wait'>
  readonly leftovers: Pick<PolicyLeftovers, 'purge'>
  readonly clock: Clock
  readonly log: Log
}

export interface ExecutionContext extends RunContext {
  readonly planning: Pick<Planning, 'facts' | 'judgement' | 'plan' | 'restored' | 'soak'>
  readonly blocks: readonly Block[]
  readonly held: string | undefined
  /** By a human, since the last plan: with the annotation, or with a change of the spec. */
  readonly isAsked: boolean
}

const ANOTHER_APPROVED = 'spec.approvedPlan names another plan'

/** What follows from a plan: the answer to an approval, a run that starts, goes on, waits or is given up, and copies that are purged. */
export class PolicyExecution {
  readonly #parts: PolicyExecutionParts

  constructor(parts: PolicyExecutionParts) {
    this.#parts = parts
  }

  /**
   * @returns when a run goes on or may start, ms since the epoch; Infinity: none is open
   * @throws LEADERSHIP_LOST, CANCELLED, KUBE_*, REGISTRY_*
   */
  async follow(context: ExecutionContext): Promise<number> {
    const { pass, spec, planning, record, blocks, held, isAsked } = context
    const { runs, clock } = this.#parts
    const { plan, judgement, soak } = planning
    const isRecordRead = blocks.every(({ code }) => code !== 'RecordUnreadable')
    const approved = isRecordRead ? await this.#approved(context) : undefined
    const decision = await calmly(
      decide({
        ...{ spec, plan, judgement, soak, blocks, held, approved },
        usedBy: record.approvals.find((each) => each.plan === spec.approvedPlan)?.run,
        now: clock.now(),
      }),
    )
    const { approval } = decision
    await pass.answer(({ approval: _, ...status }) =>
      approval === undefined ? status : { ...status, approval },
    )
    if (spec.mode !== 'DryRun' && held === undefined && mayPurge(blocks)) await this.#purge(context)
    const run = openRun(record, pass.policy.status?.run, isRecordRead)
    const refusal =
      run === undefined || !isRecordRead
        ? undefined
        : runRefusal(run, { spec, registry: identityOf(context), mark: soak.mark })
    if (run !== undefined && refusal !== undefined && !(await runs.abandon(context, run, refusal)))
      return Number.POSITIVE_INFINITY
    const open = refusal === undefined ? run : undefined
    const now = clock.now()
    const window = context.windowAt(now)
    if (decision.kind === 'run' && (open === undefined || decision.cause === 'Approved')) {
      if (window.isOpen) {
        if (open !== undefined && !(await runs.abandon(context, open, ANOTHER_APPROVED)))
          return Number.POSITIVE_INFINITY
        return await runs.start(context, decision)
      }
      if (approval !== undefined)
        await pass.write((status) => ({ ...status, approval: inWindow(approval, window.opensAt) }))
      return window.opensAt
    }
    if (open === undefined) return Number.POSITIVE_INFINITY
    const against = open.cause === 'Enforced' ? blocks : unaccepted(blocks, open.startedAt)
    const why = held ?? (against.length === 0 ? undefined : against.map(({ message }) => message).join('; '))
    if (why !== undefined) {
      // A human, the schedule or an inventory wakes it.
      await runs.wait(context, open, Number.POSITIVE_INFINITY, why)
      return Number.POSITIVE_INFINITY
    }
    // Copies have to be old enough whoever asks: the run itself looks.
    const pausedUntil = isAsked ? 0 : (open.resumesAt ?? 0)
    const resumesAt = Math.max(pausedUntil, window.isOpen ? 0 : window.opensAt)
    return now < resumesAt ? resumesAt : await runs.resume(context, open)
  }

  /** What cannot be purged is purged later, and keeps nobody from going on. @throws LEADERSHIP_LOST, CANCELLED */
  async #purge(context: RunContext): Promise<void> {
    const { signal, policy } = context.pass
    try {
      await this.#parts.leftovers.purge(context)
    } catch (thrown) {
      signal.throwIfAborted()
      const { code, advice } = asTallymanError(thrown)
      if (code === 'LEADERSHIP_LOST' || code === 'INTERNAL') throw thrown
      this.#parts.log.warn({ policy: keyOf(policy), code, reason: advice }, 'the trash is not purged')
    }
  }

  async #approved({ pass, spec, registry, planning }: ExecutionContext): Promise<ApprovedPlan | undefined> {
    const { approvedPlan } = spec
    if (approvedPlan === undefined || spec.mode === 'DryRun') return undefined
    const kept = await this.#parts.plans.find(pass.policy, registry, approvedPlan, pass.signal)
    // The last plan says the same: it is as old as that one.
    return kept?.digest === planning.plan.digest ? { ...kept, readAt: planning.facts.readAt } : kept
  }
}

function inWindow<T extends { readonly message: string }>(approval: T, opensAt: number): T {
  const from = Number.isFinite(opensAt) ? `, from ${rfc3339Seconds(opensAt)} on` : ''
  return {
    ...approval,
    message: `It is carried out in the next window of spec.schedule${from}, or when a run is asked for (tallyman.dev/requestedAt)`,
  }
}
