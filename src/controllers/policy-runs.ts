import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { PolicyCarrier } from '#controllers/policy-carrier.ts'
import type { Decision } from '#controllers/policy-decision.ts'
import { garbageAfter, sweptBytes } from '#controllers/policy-garbage.ts'
import type { PolicyPass } from '#controllers/policy-pass.ts'
import type { Planning } from '#controllers/policy-planner.ts'
import { ProgressWriter } from '#controllers/policy-progress.ts'
import type { PolicyRecords } from '#controllers/policy-records.ts'
import { begun, ended, evictionsLeft, newRun, paused, type WorkLeft } from '#controllers/policy-run.ts'
import {
  type CallEnd,
  endText,
  goesOnAt,
  NO_COUNTS,
  notBegun,
  problemTexts,
  withPostponed,
} from '#controllers/policy-run-end.ts'
import { PolicyRunHold } from '#controllers/policy-run-hold.ts'
import {
  type RunPause,
  runAtRest,
  runInProgress,
  runStatus,
  withHistory,
} from '#controllers/policy-run-status.ts'
import type { PolicyUndo } from '#controllers/policy-undo.ts'
import type { Window } from '#controllers/policy-window.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { HARMFUL, type RepositoryProblem } from '#evict/execution.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { Log } from '#kube/log.ts'
import type { Product } from '#registry/client.ts'
import { intersectInSteps } from '#retention/approval.ts'
import { evictionsInSteps } from '#retention/eviction-of.ts'
import type { Judgement } from '#retention/judge.ts'
import type { OpenRun, PolicyRecord } from '#retention/policy-record.ts'
import { calmly } from '#time/calmly.ts'
import type { Clock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'
import { Pace } from '#time/pace.ts'

/** What a run is part of. */
export interface RunContext {
  readonly pass: PolicyPass
  readonly spec: RegistryPolicySpec
  readonly registry: RegistryObject
  /** Where the registry answered. */
  readonly url: string
  readonly product: Product
  readonly names: RegistryNames
  readonly planning: Pick<Planning, 'judgement' | 'restored' | 'soak'>
  readonly record: PolicyRecord
  /** When something may go at a time, all in ms since the epoch. */
  readonly windowAt: (time: number) => Window
}

export interface PolicyRunsParts {
  readonly carrier: Pick<PolicyCarrier, 'carry' | 'lastLook'>
  readonly records: Pick<PolicyRecords, 'change'>
  readonly undo: Pick<PolicyUndo, 'hold' | 'learn' | 'standingHold' | 'took' | 'unknow'>
  readonly clock: Clock
  readonly log: Log
}

/** Begins, continues and ends the runs of policies, and keeps record and status of them. */
export class PolicyRuns {
  readonly #parts: PolicyRunsParts

  constructor(parts: PolicyRunsParts) {
    this.#parts = parts
  }

  /**
   * Carries out what was decided. From the moment that it is recorded an approval is used, whatever becomes of the run (S12).
   * @returns when it goes on, ms since the epoch; Infinity: it is over
   * @throws LEADERSHIP_LOST, CANCELLED, KUBE_*, and what keeps the record from being kept
   */
  async start(context: RunContext, decision: Extract<Decision, { readonly kind: 'run' }>): Promise<number> {
    const { pass } = context
    const evictions = await calmly(evictionsInSteps(decision.judgement, new Pace()))
    const run = newRun({
      ...{ name: pass.policy.metadata.name, plan: decision.plan, cause: decision.cause, evictions },
      registry: identityOf(context),
      mark: context.planning.soak.mark,
      now: this.#parts.clock.now(),
      nonce: randomBytes(2).toString('hex'),
    })
    const record = await this.#change(context, (before) => begun(before, run))
    if (run.cause === 'Approved') {
      const approval = {
        plan: run.plan,
        state: 'Used' as const,
        message: `Run ${run.id} carries it out; it counts once`,
      }
      await pass.write((status) => ({ ...status, approval }))
    }
    return await this.#carry({ ...context, record }, run, decision.judgement, { evictions, postponed: [] })
  }

  /** A run that is open goes on: what of it is still to go by the plan made now. @returns, @throws as start */
  async resume(context: RunContext, run: OpenRun): Promise<number> {
    const left = await calmly(intersectInSteps(run.bindings, context.planning.judgement))
    return await this.#carry(context, run, left, await calmly(evictionsLeft(run, left)))
  }

  /**
   * A run that is open is over, for what its policy says by now. No call of it comes any more that would look at what one that was cut off has left: that is done here (S44).
   * @returns whether nothing that was to stay was harmed
   * @throws what keeps it from being looked at: it is over when it was
   */
  async abandon(context: RunContext, run: OpenRun, why: string): Promise<boolean> {
    const { pass } = context
    const problems = await this.#lastLook(context, run)
    const now = this.#parts.clock.now()
    const base = runStatus(run, pass.policy.status?.run, 'Superseded')
    await this.#change(context, (record) => ended(record, now))
    const message = [why, ...problemTexts(problems)].join('; ')
    await this.#rest(context, base, { phase: 'Superseded', counts: NO_COUNTS, finishedAt: now, message })
    return !problems.some(({ error }) => HARMFUL.has(error.code))
  }

  /** Not at another registry, or another address: that is no witness of what was done at the first. */
  async #lastLook(context: RunContext, run: OpenRun): Promise<readonly RepositoryProblem[]> {
    if (!isDeepStrictEqual(run.registry, identityOf(context))) return []
    const { pass, registry } = context
    const { policy, signal } = pass
    const hold = new PolicyRunHold(this.#parts, context)
    const harmed = (error: TallymanError) => hold.record(error)
    const problems = await pass.shield(() =>
      this.#parts.carrier.lastLook({ policy, registry, signal, harmed }, run),
    )
    if (problems.some(({ error }) => HARMFUL.has(error.code))) {
      await hold.tell()
      // What it took there is back.
      await this.#parts.undo.learn(policy, registry, run, signal)
    }
    return problems
  }

  /** A run that is open may not go on at the moment. @param at when it is looked again, ms since the epoch */
  async wait(context: RunContext, run: OpenRun, at: number, why: string): Promise<void> {
    const { pass } = context
    const shown = pass.policy.status?.run
    const phase = shown?.phase === 'WaitingForGarbageCollection' ? shown.phase : 'Stopped'
    const base = runStatus(run, shown, phase)
    const resumesAt = Number.isFinite(at) ? at : undefined
    await this.#rest(context, base, { phase, counts: NO_COUNTS, resumesAt, message: why })
  }

  async #carry(context: RunContext, run: OpenRun, judgement: Judgement, left: WorkLeft): Promise<number> {
    const { pass } = context
    const base = runStatus(run, pass.policy.status?.run, 'Copying')
    await pass.write((status) => ({ ...status, run: base }))
    const { end, swept } = await this.#learned(context, run, () =>
      this.#called(context, run, base, judgement, left.evictions),
    )
    if (swept.size > 0) {
      const bytes = await calmly(sweptBytes(judgement, swept))
      await pass.write((status) => ({
        ...status,
        garbage: garbageAfter(status.garbage, bytes, context.product, context.spec),
      }))
    }
    return await this.#settle(context, run, base, withPostponed(end, left.postponed))
  }

  /** What a call did is known afterwards, or is read anew by the next pass, whatever it is left by: else nobody would watch what it took last (S04). */
  async #learned<T>({ pass, registry }: RunContext, run: OpenRun, call: () => Promise<T>): Promise<T> {
    const { undo } = this.#parts
    try {
      const called = await call()
      pass.signal.throwIfAborted()
      await undo.learn(pass.policy, registry, run, pass.signal)
      return called
    } catch (thrown) {
      undo.unknow(pass.policy)
      throw thrown
    }
  }

  async #called(
    context: RunContext,
    run: OpenRun,
    base: ReturnType<typeof runStatus>,
    judgement: Judgement,
    evictions: WorkLeft['evictions'],
  ): Promise<{ readonly end: CallEnd; readonly swept: ReadonlyMap<string, ReadonlySet<string>> }> {
    const { pass, spec, registry, names, planning } = context
    const { carrier, undo, clock, log } = this.#parts
    const progress = new ProgressWriter(
      clock,
      (latest) => pass.write((status) => ({ ...status, run: runInProgress(base, latest) })),
      (thrown) => log.warn({ run: run.id, reason: asTallymanError(thrown).message }, 'progress not written'),
    )
    const window = context.windowAt(clock.now())
    const endsAt = window.isOpen ? window.endsAt : clock.now()
    const swept = new Map<string, Set<string>>()
    const hold = new PolicyRunHold(this.#parts, context)
    let end: CallEnd
    try {
      end = await pass.shield(() =>
        carrier.carry({
          ...{ policy: pass.policy, spec, registry, names, run: run.id, evictions, judgement, endsAt },
          restored: planning.restored,
          progress: (latest) => progress.tell(latest),
          ended: (repository, each) => {
            undo.took(pass.policy, run.id, repository, each)
            if (each.outcome === 'swept')
              swept.set(repository, (swept.get(repository) ?? new Set()).add(each.digest))
          },
          gone: (repository, digest) =>
            undo.took(pass.policy, run.id, repository, { digest, outcome: 'swept' }),
          harmed: (error) => hold.record(error),
          signal: pass.signal,
        }),
      )
    } catch (thrown) {
      const error = asTallymanError(thrown)
      if (pass.signal.aborted || error.code === 'INTERNAL') throw thrown
      end = notBegun(error)
    } finally {
      await progress.end()
    }
    if (end.stoppedBy !== undefined) await hold.record(end.stoppedBy)
    pass.signal.throwIfAborted()
    if (HARMFUL.has(end.stoppedBy?.code ?? '')) await hold.tell()
    return { end, swept }
  }

  async #settle(
    context: RunContext,
    run: OpenRun,
    base: ReturnType<typeof runStatus>,
    end: CallEnd,
  ): Promise<number> {
    const now = this.#parts.clock.now()
    const message = endText(end)
    const goesOn = goesOnAt(end, {
      ...{ windowAt: context.windowAt, startedAt: run.startedAt, now },
      maxDurationMs: parseDuration(context.spec.maxDuration) ?? 0,
    })
    if (goesOn !== undefined) {
      await this.#change(context, (record) => paused(record, goesOn))
      const phase = end.phase === 'Succeeded' ? 'Partial' : end.phase
      // No time lets it go on where its policy forbids that.
      const resumesAt = end.stoppedBy?.code === 'EVICTION_SUSPENDED' ? undefined : goesOn
      await this.#rest(context, base, { phase, counts: end.counts, resumesAt, message })
      return goesOn
    }
    await this.#change(context, (record) => ended(record, now))
    const phase = end.phase === 'WaitingForGarbageCollection' ? 'Partial' : end.phase
    await this.#rest(context, base, { phase, counts: end.counts, finishedAt: now, message })
    return Number.POSITIVE_INFINITY
  }

  #change(context: RunContext, compute: (record: PolicyRecord) => PolicyRecord): Promise<PolicyRecord> {
    const { pass, registry, url } = context
    return this.#parts.records.change(pass.policy, registry, url, compute, pass.signal)
  }

  async #rest({ pass }: RunContext, base: ReturnType<typeof runStatus>, rest: RunPause): Promise<void> {
    const run = runAtRest(base, rest)
    await pass.write((status) => {
      const history = withHistory(status.history, run)
      return { ...status, run, ...(history.length === 0 ? {} : { history }) }
    })
  }
}

export function identityOf({ registry, url }: RunContext): OpenRun['registry'] {
  return { uid: registry.metadata.uid ?? '', url }
}
