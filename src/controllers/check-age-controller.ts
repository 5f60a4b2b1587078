import type { CheckReporter } from '#controllers/check-reporter.ts'
import { checkSubject } from '#controllers/check-reporter.ts'
import type { ControllerDeps } from '#controllers/deps.ts'
import { pauseUntil } from '#controllers/pause.ts'
import { type RegistryCheckObject, specOf } from '#controllers/resources.ts'
import { type Schedule, scheduleOf } from '#controllers/schedule.ts'
import { unlessInvalid } from '#controllers/unless-invalid.ts'
import { RegistryCheckSpec, type RegistryCheckStatus } from '#crds/registry-check.ts'
import { outdatedAt, staleVerdict } from '#health/staleness.ts'
import { getCondition, setCondition } from '#runtime/conditions.ts'
import type { ReconcileContext } from '#runtime/controller.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { DONE, type Result } from '#runtime/result.ts'

/**
 * Watches how old the last complete run of each check is. When it is older than two intervals the verdict becomes Unknown,
 * OutdatedReport (S22). It has workers of its own: the check itself may be waiting for one, or be in the middle of a run
 * that takes long.
 */
export class CheckAgeController {
  readonly #deps: ControllerDeps
  readonly #reporter: CheckReporter
  readonly #checks: ObjectStore<RegistryCheckObject>

  constructor(deps: ControllerDeps, reporter: CheckReporter, checks: ObjectStore<RegistryCheckObject>) {
    this.#deps = deps
    this.#reporter = reporter
    this.#checks = checks
  }

  readonly reconcile = async (key: string, { signal }: ReconcileContext): Promise<Result> => {
    const shown = this.#checks.get(key)
    if (shown === undefined || shown.metadata.deletionTimestamp !== undefined) return DONE
    const check = this.#reporter.latest(shown)

    const plan = planOf(check)
    const limit = plan === undefined ? undefined : outdatedAt(check.status?.run, plan.schedule.next)
    this.#measure(check, limit)
    if (plan === undefined || plan.suspended || limit === undefined) return DONE

    const now = this.#deps.clock.now()
    if (now <= limit) return { requeueAfterMs: pauseUntil(limit + 1, now) }
    await this.#reporter.write(check, (status) => outdatedStatus(status, plan.schedule, now), signal)
    return DONE
  }

  #measure(check: RegistryCheckObject, limit: number | undefined): void {
    const { namespace, name } = checkSubject(check)
    const finishedAt = Date.parse(check.status?.run?.finishedAt ?? '')
    const series =
      limit === undefined ? [] : [{ labels: { namespace, name }, value: (limit - finishedAt) / 2 / 1000 }]
    this.#deps.objectMetrics.set(checkSubject(check), 'tallyman_check_interval_seconds', series)
  }
}

/** undefined where the spec cannot be carried out, which its own controller says. */
function planOf(check: RegistryCheckObject): { schedule: Schedule; suspended: boolean } | undefined {
  return unlessInvalid(() => {
    const spec = specOf(RegistryCheckSpec, check)
    return { schedule: scheduleOf(spec), suspended: spec.suspend }
  })
}

/** Only the verdict: whether the spec is accepted is for its own controller to say. undefined: it is not outdated, or nothing known anyway. */
function outdatedStatus(
  status: RegistryCheckStatus,
  schedule: Schedule,
  now: number,
): RegistryCheckStatus | undefined {
  const healthy = getCondition(status.conditions ?? [], 'Healthy')
  const verdict = staleVerdict(status.run, schedule.next, now)
  if (healthy === undefined || healthy.status === 'Unknown' || verdict === undefined) return undefined
  // It speaks about the generation that the report is about.
  const stamp = { generation: healthy.observedGeneration ?? 0, now }
  return {
    ...status,
    conditions: setCondition(status.conditions ?? [], { type: 'Healthy', ...verdict }, stamp),
  }
}
