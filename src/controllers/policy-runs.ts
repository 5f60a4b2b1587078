import { randomBytes } from 'node:crypto'
import { asTallymanError } from '#catalogue/error.ts'
import { holdOn } from '#controllers/evicted-hold.ts'
import type { PolicyCarrier } from '#controllers/policy-carrier.ts'
import type { Decision } from '#controllers/policy-decision.ts'
import { garbageAfter, sweptBytes } from '#controllers/policy-garbage.ts'
import type { PolicyPass } from '#controllers/policy-pass.ts'
import type { Planning } from '#controllers/policy-planner.ts'
import { ProgressWriter } from '#controllers/policy-progress.ts'
import type { PolicyRecords } from '#controllers/policy-records.ts'
import { begun, ended, evictionsLeft, newRun, paused, type WorkLeft } from '#controllers/policy-run.ts'
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
import type { EvictionHistory } from '#evict/evicted.ts'
import { type ExecutionEnd, HARMFUL } from '#evict/execution.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { Log } from '#kube/log.ts'
import type { Product } from '#registry/client.ts'
import { intersectInSteps } from '#retention/approval.ts'
import { evictionsInSteps } from '#retention/eviction-of.ts'
import type { Judgement } from '#retention/judge.ts'
import type { OpenRun, PolicyRecord } from '#retention/policy-record.ts'
import { keyOf } from '#runtime/object-key.ts'
import { calmly } from '#time/calmly.ts'
import type { Clock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'
import { Pace } from '#time/pace.ts'

/** A run that stopped for something that may pass goes on after so long. */
const RETRY_MS = 15_000
/** One of which a part waits for a registry that was not read in full: reading it takes long. */
const POSTPONED_MS = 10 * 60_000

interface CallEnd extends ExecutionEnd {
  /** Nothing else of it may pass than what waits until the registry is read in full. */
  readonly isPostponed?: boolean
}

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
  readonly carrier: Pick<PolicyCarrier, 'carry' | 'purge' | 'settle'>
  readonly records: Pick<PolicyRecords, 'change'>
  readonly undo: Pick<PolicyUndo, 'evicted' | 'hold' | 'learn' | 'took' | 'unlearn'>
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

  /** A run that is open is over, for what its policy says by now. */
  async abandon(context: RunContext, run: OpenRun, why: string): Promise<void> {
    const { pass } = context
    const now = this.#parts.clock.now()
    const base = runStatus(run, pass.policy.status?.run, 'Superseded')
    await this.#change(context, (record) => ended(record, now))
    await this.#rest(context, base, { phase: 'Superseded', counts: NOTHING, finishedAt: now, message: why })
  }

  /** A run that is open may not go on at the moment. @param at when it is looked again, ms since the epoch */
  async wait(context: RunContext, run: OpenRun, at: number, why: string): Promise<void> {
    const { pass } = context
    const shown = pass.policy.status?.run
    const phase = shown?.phase === 'WaitingForGarbageCollection' ? shown.phase : 'Stopped'
    const base = runStatus(run, shown, phase)
    const resumesAt = Number.isFinite(at) ? at : undefined
    await this.#rest(context, base, { phase, counts: NOTHING, resumesAt, message: why })
  }

  /**
   * Gives an end to what a process has begun that died: whatever forbids deleting, tags that name a placeholder get back what they named, and go again by a run (S16, S17). What
   * has to be deleted for it waits until it may be.
   * @throws what keeps it from being looked at; LEADERSHIP_LOST, CANCELLED
   */
  async settle(
    pass: PolicyPass,
    registry: RegistryObject,
    unsettled: EvictionHistory['unsettled'],
  ): Promise<void> {
    if (unsettled.length === 0) return
    const { carrier, undo, log } = this.#parts
    const { policy, signal } = pass
    const left = await pass.shield(() => carrier.settle({ policy, registry, signal }, unsettled))
    for (const { repository, error } of left) {
      log.warn(
        { repository, code: error.code, reason: error.advice },
        'what a run has begun there is not settled',
      )
    }
    for (const [id, places] of Map.groupBy(unsettled, ({ run }) => run)) {
      const repositories = [...new Set(places.map(({ repository }) => repository))]
      await undo.learn(policy, registry, { id, repositories }, signal)
    }
  }

  /** Purges what was kept for spec.trash.retainFor; the runs of which nothing is left are forgotten, the others looked at again. @throws what stopped it */
  async purge(context: RunContext): Promise<void> {
    const { pass, spec, registry, names, planning, record } = context
    const { carrier, undo, clock, log } = this.#parts
    const before = clock.now() - (parseDuration(spec.trash.retainFor) ?? Number.POSITIVE_INFINITY)
    // The newest is kept: that nothing is recorded means that the record was lost.
    const old = record.runs.slice(1).filter(({ finishedAt }) => finishedAt < before)
    if (old.length === 0) return
    const { restored } = planning
    const { policy, signal, shield } = pass
    const endsAt = clock.now() + (parseDuration(spec.maxDuration) ?? 0)
    const load = { policy, spec, registry, names, restored, endsAt, signal }
    const { over, problems, refused, stoppedBy } = await shield(() =>
      carrier.purge(load, old, undo.evicted(policy), before),
    )
    for (const { run, error } of problems) {
      log.warn({ run, code: error.code, reason: error.advice }, 'the run is not purged')
    }
    if (refused !== undefined) {
      const told = { registry: keyOf(registry), code: refused.code, reason: refused.advice }
      log.warn(told, 'journals that nobody needs stay in the workspace: nobody may delete them there')
    }
    if (over.size > 0) {
      await this.#change(context, (now) => ({ ...now, runs: now.runs.filter(({ id }) => !over.has(id)) }))
      undo.unlearn(policy, registry, over)
    }
    if (stoppedBy !== undefined) throw stoppedBy
  }

  async #carry(
    context: RunContext,
    run: OpenRun,
    judgement: Judgement,
    { evictions, postponed }: WorkLeft,
  ): Promise<number> {
    const { pass, spec, registry, names, planning } = context
    const { carrier, undo, clock, log } = this.#parts
    const base = runStatus(run, pass.policy.status?.run, 'Copying')
    await pass.write((status) => ({ ...status, run: base }))
    const progress = new ProgressWriter(
      clock,
      (latest) => pass.write((status) => ({ ...status, run: runInProgress(base, latest) })),
      (thrown) => log.warn({ run: run.id, reason: asTallymanError(thrown).message }, 'progress not written'),
    )
    const window = context.windowAt(clock.now())
    const endsAt = window.isOpen ? window.endsAt : clock.now()
    const swept = new Map<string, Set<string>>()
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
          signal: pass.signal,
        }),
      )
    } catch (thrown) {
      const error = asTallymanError(thrown)
      if (pass.signal.aborted || error.code === 'INTERNAL') throw thrown
      // It did not begin.
      end = { phase: 'Stopped', counts: NOTHING, problems: [], stoppedBy: error }
    } finally {
      await progress.end()
    }
    end = withPostponed(end, postponed)
    const hold = holdFor(end, clock.now())
    // Whatever keeps the rest from being told, nothing more goes.
    if (hold !== undefined) await undo.hold(pass.policy, hold, (compute) => this.#change(context, compute))
    pass.signal.throwIfAborted()
    await undo.learn(pass.policy, registry, run, pass.signal)
    if (swept.size > 0) {
      const bytes = await calmly(sweptBytes(judgement, swept))
      await pass.write((status) => ({
        ...status,
        garbage: garbageAfter(status.garbage, bytes, context.product),
      }))
    }
    return await this.#settle(context, run, base, end)
  }

  async #settle(
    context: RunContext,
    run: OpenRun,
    base: ReturnType<typeof runStatus>,
    end: CallEnd,
  ): Promise<number> {
    const now = this.#parts.clock.now()
    const message = messageOf(end) ?? WAITING[end.phase]
    const goesOn = this.#resumption(context, run, end, now)
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

  /** When it goes on, ms since the epoch; undefined: it is over. */
  #resumption(context: RunContext, run: OpenRun, end: CallEnd, now: number): number | undefined {
    if (end.phase === 'WaitingForGarbageCollection') return firstIn(context, end.resumesAt ?? now)
    const { stoppedBy } = end
    if (stoppedBy !== undefined) {
      if (HARMFUL.has(stoppedBy.code)) return undefined
      return firstIn(context, now + RETRY_MS)
    }
    const at = now + (end.isPostponed === true ? POSTPONED_MS : RETRY_MS)
    const isWithin = at < run.startedAt + (parseDuration(context.spec.maxDuration) ?? 0)
    return end.problems.some(mayPass) && isWithin ? at : undefined
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

const NOTHING = { bindings: 0, digests: 0, untagged: 0, swept: 0, spared: 0, trashed: 0 }

/** How a call ended that has left repositories for later; those that have a problem of their own have told it. */
function withPostponed(end: ExecutionEnd, postponed: WorkLeft['postponed']): CallEnd {
  const told = new Set(end.problems.map(({ repository }) => repository))
  const waiting = postponed.filter(({ repository }) => !told.has(repository))
  if (waiting.length === 0) return end
  return {
    ...end,
    phase: end.phase === 'Succeeded' ? 'Partial' : end.phase,
    problems: [...end.problems, ...waiting],
    isPostponed: !end.problems.some(mayPass),
  }
}

/** Another try of the same run changes nothing. */
const FINAL: ReadonlySet<string> = new Set([
  'UNTAG_UNSUPPORTED',
  'NOT_RESTORABLE',
  'DELETE_UNSAFE',
  'TRASH_UNUSABLE',
])

/** Another try of the same run may get past it. */
function mayPass({ error, isFinal }: ExecutionEnd['problems'][number]): boolean {
  return isFinal !== true && error.entry.retry !== 'never' && !FINAL.has(error.code)
}

/** The first moment from `time` on at which something may go. */
function firstIn({ windowAt }: RunContext, time: number): number {
  const window = windowAt(time)
  return window.isOpen ? time : window.opensAt
}

export function identityOf({ registry, url }: RunContext): OpenRun['registry'] {
  return { uid: registry.metadata.uid ?? '', url }
}

/** What is said of a run that does nothing, where nothing is wrong. */
const WAITING: Readonly<Partial<Record<ExecutionEnd['phase'], string>>> = {
  WaitingForGarbageCollection:
    'Copies are made. It goes on by itself when they are older than spec.trash.gcWindow, with spec.schedule in the next window after that; no garbage collection has to be run for it',
}

const PROBLEMS_NAMED = 3

function messageOf({ stoppedBy, problems }: ExecutionEnd): string | undefined {
  const told = problems
    .slice(0, PROBLEMS_NAMED)
    .map(({ repository, error }) => `${repository}: ${error.advice}`)
  if (problems.length > PROBLEMS_NAMED) told.push(`and ${problems.length - PROBLEMS_NAMED} more`)
  if (stoppedBy !== undefined) told.unshift(stoppedBy.advice)
  return told.length === 0 ? undefined : told.join('; ')
}

function holdFor({ stoppedBy }: ExecutionEnd, now: number): PolicyRecord['hold'] {
  if (stoppedBy === undefined || !HARMFUL.has(stoppedBy.code)) return undefined
  return holdOn(stoppedBy.message, now)
}
