import type { TallymanError } from '#catalogue/error.ts'
import type { PolicyCarrier } from '#controllers/policy-carrier.ts'
import type { PolicyRecords } from '#controllers/policy-records.ts'
import { type HeldPlace, PolicyRunHold } from '#controllers/policy-run-hold.ts'
import type { RunContext } from '#controllers/policy-runs.ts'
import type { PolicyUndo } from '#controllers/policy-undo.ts'
import type { EvictionHistory, Unsettled } from '#evict/evicted.ts'
import { HARMFUL } from '#evict/execution.ts'
import type { Log } from '#kube/log.ts'
import type { PolicyRecord } from '#retention/policy-record.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { Clock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'

export interface PolicyLeftoversParts {
  readonly carrier: Pick<PolicyCarrier, 'purge' | 'settle'>
  readonly records: Pick<PolicyRecords, 'change'>
  readonly undo: Pick<PolicyUndo, 'evicted' | 'hold' | 'learn' | 'standingHold' | 'unlearn'>
  readonly clock: Clock
  readonly log: Log
}

/** What runs of policies have left in the registry: begun by a process that died, or kept for spec.trash.retainFor. */
export class PolicyLeftovers {
  readonly #parts: PolicyLeftoversParts

  constructor(parts: PolicyLeftoversParts) {
    this.#parts = parts
  }

  /**
   * Gives an end to what a process has begun that died: whatever forbids deleting, tags that name a placeholder get back what they named, and go again by a run (S16, S17). What
   * has to be deleted for it waits until it may be. Where a tag that was to stay went with what the dead process deleted, a human looks before anything more goes.
   * @throws what keeps it from being looked at; LEADERSHIP_LOST, CANCELLED
   */
  async settle(place: HeldPlace, unsettled: EvictionHistory['unsettled']): Promise<void> {
    if (unsettled.length === 0) return
    const { carrier, undo, log } = this.#parts
    const { pass, registry } = place
    const { policy, signal } = pass
    const hold = new PolicyRunHold(this.#parts, place)
    const harmed = (error: TallymanError) => hold.record(error)
    const left = await pass.shield(() => carrier.settle({ policy, registry, signal, harmed }, unsettled))
    for (const { repository, error } of left) {
      log.warn(
        { repository, code: error.code, reason: error.advice },
        'what a run has begun there is not settled',
      )
    }
    if (left.some(({ error }) => HARMFUL.has(error.code))) await hold.tell()
    // Of a journal that was lost and still is, reading the whole run again says nothing new.
    const isStillLost = ({ repository, run, isLost }: Unsettled) =>
      isLost === true &&
      left.some(
        (each) => each.repository === repository && each.run === run && each.error.code === 'JOURNAL_LOST',
      )
    const looked = unsettled.filter((each) => !isStillLost(each))
    for (const [id, places] of Map.groupBy(looked, ({ run }) => run)) {
      const repositories = [...new Set(places.map(({ repository }) => repository))]
      await undo.learn(policy, registry, { id, repositories }, signal)
    }
  }

  /** Purges what was kept for spec.trash.retainFor; the runs of which nothing is left are forgotten, the others looked at again. @throws what stopped it */
  async purge(context: RunContext): Promise<void> {
    const { pass, spec, registry, url, names, planning, record } = context
    const { carrier, records, undo, clock, log } = this.#parts
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
      const forget = (now: PolicyRecord) => ({ ...now, runs: now.runs.filter(({ id }) => !over.has(id)) })
      await records.change(policy, registry, url, forget, signal)
      undo.unlearn(policy, registry, over)
    }
    if (stoppedBy !== undefined) throw stoppedBy
  }
}
