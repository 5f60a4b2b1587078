import { randomBytes } from 'node:crypto'
import { asTallymanError } from '#catalogue/error.ts'
import { holdOn } from '#controllers/evicted-hold.ts'
import type { PolicyCarrier } from '#controllers/policy-carrier.ts'
import type { Decision } from '#controllers/policy-decision.ts'
import { garbageAfter } from '#controllers/policy-garbage.ts'
import type { PolicyPass } from '#controllers/policy-pass.ts'
import type { Planning } from '#controllers/policy-planner.ts'
import { ProgressWriter } from '#controllers/policy-progress.ts'
import type { PolicyRecords } from '#controllers/policy-records.ts'
import { begun, ended, evictionsLeft, newRun, paused } from '#controllers/policy-run.ts'
import {
  type RunPause,
  runAtRest,
  runInProgress,
  runStatus,
  withHistory,
} from '#controllers/policy-run-status.ts'
import type { PolicyUndo } from '#controllers/policy-undo.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { ExecutionEnd } from '#evict/execution.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { Log } from '#kube/log.ts'
import type { Product } from '#registry/client.ts'
import { intersect } from '#retention/approval.ts'
import { evictionsOf } from '#retention/eviction-of.ts'
import type { Judgement } from '#retention/judge.ts'
import type { OpenRun, PolicyRecord } from '#retention/policy-record.ts'
import type { Clock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'

/** A run that stopped for something that may pass goes on after so long. */
const RETRY_MS = 5 * 60_000

/** What a run is part of. */
export interface RunContext {
  readonly pass: PolicyPass
  readonly spec: RegistryPolicySpec
  readonly registry: RegistryObject
  /** Where the registry answered. */
  readonly url: string
  readonly product: Product
  readonly names: RegistryNames
  readonly planning: Planning
  readonly record: PolicyRecord
  /** The first start of the schedule after a time, all in ms since the epoch. */
  readonly nextAt: (time: number) => number
}

export interface PolicyRunsParts {
  readonly carrier: PolicyCarrier
  readonly records: PolicyRecords
  readonly undo: PolicyUndo
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
    const evictions = evictionsOf(decision.judgement)
    const run = newRun({
      ...{ name: pass.policy.metadata.name, plan: decision.plan, cause: decision.cause, evictions },
      now: this.#parts.clock.now(),
      nonce: randomBytes(2).toString('hex'),
    })
    const record = await this.#change(context, (before) => begun(before, run))
    return await this.#carry({ ...context, record }, run, decision.judgement, evictions)
  }

  /** A run that is open goes on: what of it is still to go by the plan made now. @returns, @throws as start */
  async resume(context: RunContext, run: OpenRun): Promise<number> {
    const left = intersect(run.bindings, context.planning.judgement)
    return await this.#carry(context, run, left, evictionsLeft(run, left))
  }

  /** A run that is open is over, for what its policy says by now. */
  async abandon(context: RunContext, run: OpenRun, why: string): Promise<void> {
    const { pass } = context
    const counts = { bindings: 0, digests: 0, untagged: 0, swept: 0, spared: 0, trashed: 0 }
    const base = runStatus(run, pass.policy.status?.run, 'Superseded')
    await this.#change(context, (record) => ended(record, this.#parts.clock.now()))
    await this.#rest(context, base, {
      phase: 'Superseded',
      counts,
      finishedAt: this.#parts.clock.now(),
      message: why,
    })
  }

  /** Purges what was kept for spec.trash.retainFor; the runs that it was of are forgotten. @throws what stopped it */
  async purge(context: RunContext): Promise<void> {
    const { pass, spec, registry, names, planning, record } = context
    const { carrier, clock } = this.#parts
    const before = clock.now() - (parseDuration(spec.trash.retainFor) ?? Number.POSITIVE_INFINITY)
    const old = record.runs.filter(({ finishedAt }) => finishedAt < before)
    if (old.length === 0) return
    const { judgement, restored } = planning
    const { policy, signal, shield } = pass
    const endsAt = clock.now() + (parseDuration(spec.maxDuration) ?? 0)
    const load = { policy, spec, registry, names, judgement, restored, endsAt, signal }
    const purged = new Set(await shield(() => carrier.purge(load, old, before)))
    await this.#change(context, (now) => ({ ...now, runs: now.runs.filter(({ id }) => !purged.has(id)) }))
  }

  async #carry(
    context: RunContext,
    run: OpenRun,
    judgement: Judgement,
    evictions: ReturnType<typeof evictionsOf>,
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
    const endsAt = windowEnd(run, spec, clock.now())
    const swept = new Map<string, Set<string>>()
    let end: ExecutionEnd
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
    pass.signal.throwIfAborted()
    await undo.learn(pass.policy, registry, run, pass.signal)
    await pass.write(({ garbage: before, ...status }) => {
      const garbage = garbageAfter(before, judgement, swept, context.product)
      return garbage === undefined ? status : { ...status, garbage }
    })
    return await this.#settle(context, run, base, end)
  }

  async #settle(
    context: RunContext,
    run: OpenRun,
    base: ReturnType<typeof runStatus>,
    end: ExecutionEnd,
  ): Promise<number> {
    const now = this.#parts.clock.now()
    const message = messageOf(end)
    const goesOn = this.#resumption(context, run, end, now)
    if (goesOn !== undefined) {
      await this.#change(context, (record) => paused(record, goesOn))
      const phase = end.phase === 'Succeeded' ? 'Partial' : end.phase
      await this.#rest(context, base, { phase, counts: end.counts, resumesAt: goesOn, message })
      return goesOn
    }
    const hold = holdFor(context, end, now)
    await this.#change(context, (record) => ({ ...ended(record, now), hold: hold ?? record.hold }))
    const phase = end.phase === 'WaitingForGarbageCollection' ? 'Partial' : end.phase
    await this.#rest(context, base, { phase, counts: end.counts, finishedAt: now, message })
    return Number.POSITIVE_INFINITY
  }

  /** When it goes on, ms since the epoch; undefined: it is over. */
  #resumption(context: RunContext, run: OpenRun, end: ExecutionEnd, now: number): number | undefined {
    const { spec, nextAt } = context
    if (end.phase === 'WaitingForGarbageCollection') {
      const ripeAt = end.resumesAt ?? now
      // With cron times a run deletes only in its windows.
      return spec.schedule === undefined ? ripeAt : nextAt(ripeAt)
    }
    const { stoppedBy } = end
    if (stoppedBy !== undefined) {
      if (HARMFUL.has(stoppedBy.code)) return undefined
      if (stoppedBy.code === 'EVICTION_WINDOW_ENDED') return nextAt(now)
      return now + RETRY_MS
    }
    const mayPass = end.problems.some(({ error }) => error.entry.retry !== 'never' && !FINAL.has(error.code))
    const isWithin = now + RETRY_MS < run.startedAt + (parseDuration(spec.maxDuration) ?? 0)
    return mayPass && isWithin ? now + RETRY_MS : undefined
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

/** Something that was to stay was lost, or nearly: a human has to look before anything more goes. */
const HARMFUL: ReadonlySet<string> = new Set(['EVICTION_HARMED', 'DELETE_TOOK_TAG'])
/** Another try of the same run changes nothing. */
const FINAL: ReadonlySet<string> = new Set([
  'UNTAG_UNSUPPORTED',
  'NOT_RESTORABLE',
  'DELETE_UNSAFE',
  'TRASH_UNUSABLE',
])
/** What was interrupted in its window goes on in it; what comes back later has one of its own. */
function windowEnd({ startedAt }: OpenRun, { maxDuration }: RegistryPolicySpec, now: number): number {
  const ms = parseDuration(maxDuration) ?? 0
  return startedAt + ms > now ? startedAt + ms : now + ms
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

function holdFor({ pass }: RunContext, { stoppedBy }: ExecutionEnd, now: number): PolicyRecord['hold'] {
  if (stoppedBy === undefined || !HARMFUL.has(stoppedBy.code)) return undefined
  return holdOn(pass.policy, stoppedBy.message, now)
}
