import { counted } from '#catalogue/counted.ts'
import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { type RUN_PHASES, RUNS_IN_STATUS } from '#crds/registry-policy-run.ts'
import type { ExecutionCounts, ExecutionProgress } from '#evict/execution-progress.ts'
import type { OpenRun } from '#retention/policy-record.ts'
import { rfc3339Seconds } from '#runtime/conditions.ts'

type RunStatus = NonNullable<RegistryPolicyStatus['run']>
export type RunPhase = (typeof RUN_PHASES)[number]

const MAX_MESSAGE = 1024

/** What a run is, before anything of this call was done. @param shown what the status says of it, if it goes on */
export function runStatus(run: OpenRun, shown: RegistryPolicyStatus['run'], phase: RunPhase): RunStatus {
  const before = shown?.id === run.id ? shown : undefined
  return {
    ...{ id: run.id, plan: run.plan, cause: run.cause, phase, startedAt: rfc3339Seconds(run.startedAt) },
    bindings: run.bindings.length,
    digests: run.digests.length,
    untagged: before?.untagged ?? 0,
    swept: before?.swept ?? 0,
    spared: before?.spared ?? 0,
    ...(before?.trashed === undefined ? {} : { trashed: before.trashed }),
  }
}

/** The status of a run while it works. @param base of `runStatus` when this call began */
export function runInProgress(base: RunStatus, progress: ExecutionProgress): RunStatus {
  const { perMinute, timeLeftMs, stage, done, left } = progress
  return {
    ...added(base, progress.counts),
    ...{ phase: stage, done, left },
    ...(perMinute === undefined ? {} : { perMinute }),
    ...(timeLeftMs === undefined ? {} : { timeLeft: durationText(timeLeftMs) }),
  }
}

export interface RunPause {
  readonly phase: RunPhase
  readonly counts: ExecutionCounts
  /** ms since the epoch. */
  readonly resumesAt?: number | undefined
  /** When it is over, ms since the epoch. */
  readonly finishedAt?: number | undefined
  readonly message?: string | undefined
}

/** The status of a run that does nothing at the moment, or is over. */
export function runAtRest(base: RunStatus, rest: RunPause): RunStatus {
  const { phase, counts, resumesAt, finishedAt } = rest
  const run = { ...added(base, counts), phase }
  const message = restText(run, rest)
  return {
    ...run,
    ...(resumesAt === undefined ? {} : { resumesAt: rfc3339Seconds(resumesAt) }),
    ...(finishedAt === undefined ? {} : { finishedAt: rfc3339Seconds(finishedAt) }),
    ...(message === undefined ? {} : { message: message.slice(0, MAX_MESSAGE) }),
  }
}

/** Why it rests, what is done, what is left, and what makes it go on; nothing of that where all is as it should be. */
function restText(run: RunStatus, { phase, resumesAt, finishedAt, message }: RunPause): string | undefined {
  const isAsItShould = phase === 'WaitingForGarbageCollection' && resumesAt !== undefined
  if (message === undefined || phase === 'Succeeded' || isAsItShould) return message
  const { bindings, digests = 0, untagged, swept, spared } = run
  const left = Math.max(0, bindings + digests - untagged - swept - spared)
  const done = `Gone are ${untagged} of ${counted(bindings, 'tag')} and ${swept} of ${counted(digests, 'manifest')}, ${spared} of both stay after all, ${left} ${left === 1 ? 'is' : 'are'} left`
  return `${message.replace(/[.\s]+$/, '')}. ${done}. ${left === 0 ? '' : goesOn(run, resumesAt, finishedAt)}`.trimEnd()
}

function goesOn({ cause }: RunStatus, resumesAt: number | undefined, finishedAt: number | undefined): string {
  if (finishedAt !== undefined) {
    return cause === 'Approved'
      ? 'It is over: they go once a plan that says so is approved.'
      : 'It is over: they go by a later run.'
  }
  return resumesAt === undefined
    ? 'It goes on by itself once nothing of that stands against it.'
    : `It goes on by itself at ${rfc3339Seconds(resumesAt)}.`
}

/** With a run that is over at the head of the history. */
export function withHistory(
  history: RegistryPolicyStatus['history'],
  { id, plan, phase, finishedAt, bindings, untagged, swept, spared }: RunStatus,
): NonNullable<RegistryPolicyStatus['history']> {
  const others = (history ?? []).filter((each) => each.id !== id)
  if (finishedAt === undefined) return others
  return [{ id, plan, phase, finishedAt, bindings, untagged, swept, spared }, ...others].slice(
    0,
    RUNS_IN_STATUS,
  )
}

function added(base: RunStatus, counts: ExecutionCounts): RunStatus {
  return {
    ...base,
    untagged: base.untagged + counts.untagged,
    swept: base.swept + counts.swept,
    spared: base.spared + counts.spared,
    // Each call counts all copies that there are.
    ...(counts.trashed === 0 ? {} : { trashed: Math.max(base.trashed ?? 0, counts.trashed) }),
  }
}

/** `2h5m`, `40s`; rounded up. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 60) return `${minutes}m`
  const rest = minutes % 60
  return `${Math.floor(minutes / 60)}h${rest === 0 ? '' : `${rest}m`}`
}
