import type { TallymanError } from '#catalogue/error.ts'
import type { WorkLeft } from '#controllers/policy-run.ts'
import type { Window } from '#controllers/policy-window.ts'
import { type ExecutionEnd, HARMFUL, type RepositoryProblem } from '#evict/execution.ts'

/** A run that stopped for something that may pass goes on after so long. */
const RETRY_MS = 15_000
/** One of which a part waits for a registry that was not read in full: reading it takes long. */
const POSTPONED_MS = 10 * 60_000

/** How one call of a run ended: it may be called again. */
export interface CallEnd extends ExecutionEnd {
  /** Nothing else of it may pass than what waits until the registry is read in full. */
  readonly isPostponed?: boolean
}

export const NO_COUNTS: ExecutionEnd['counts'] = {
  ...{ bindings: 0, digests: 0, untagged: 0, swept: 0, spared: 0, trashed: 0 },
}

/** The end of a call that did not begin. */
export function notBegun(stoppedBy: TallymanError): CallEnd {
  return { phase: 'Stopped', counts: NO_COUNTS, problems: [], stoppedBy }
}

/** How a call ended that has left repositories for later; those that have a problem of their own have told it. */
export function withPostponed(end: ExecutionEnd, postponed: WorkLeft['postponed']): CallEnd {
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

/** Times in ms since the epoch. */
export interface RunTimes {
  readonly startedAt: number
  readonly now: number
  /** spec.maxDuration, ms. */
  readonly maxDurationMs: number
  /** When something may go at a time. */
  readonly windowAt: (time: number) => Window
}

/** When a run goes on of which a call ended like this, ms since the epoch; undefined: it is over. */
export function goesOnAt(
  end: CallEnd,
  { startedAt, now, maxDurationMs, windowAt }: RunTimes,
): number | undefined {
  if (end.phase === 'WaitingForGarbageCollection') return firstIn(windowAt, end.resumesAt ?? now)
  const { stoppedBy } = end
  if (stoppedBy !== undefined) {
    if (HARMFUL.has(stoppedBy.code)) return undefined
    return firstIn(windowAt, now + (didSomething(end) ? RETRY_MS : idlePause(now - startedAt)))
  }
  const at = now + (end.isPostponed === true ? POSTPONED_MS : RETRY_MS)
  return end.problems.some(mayPass) && at < startedAt + maxDurationMs ? at : undefined
}

function didSomething({ counts }: CallEnd): boolean {
  return counts.untagged + counts.swept > 0
}

/** Each call reads the whole registry first: what stops one before anything went is asked about less often, the longer it lasts. */
function idlePause(ageMs: number): number {
  return Math.min(Math.max(RETRY_MS, ageMs / 10), POSTPONED_MS)
}

/** The first moment from `time` on at which something may go. */
function firstIn(windowAt: RunTimes['windowAt'], time: number): number {
  const window = windowAt(time)
  return window.isOpen ? time : window.opensAt
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

/** What is said of a run that does nothing, where nothing is wrong. */
const WAITING: Readonly<Partial<Record<ExecutionEnd['phase'], string>>> = {
  WaitingForGarbageCollection:
    'Copies are made. It goes on by itself when they are older than spec.trash.gcWindow, with spec.schedule in the next window after that; no garbage collection has to be run for it',
}

const PROBLEMS_NAMED = 3

/** What is said of a call that ended like this; undefined: nothing. */
export function endText({ phase, stoppedBy, problems }: ExecutionEnd): string | undefined {
  const told = problemTexts(problems)
  if (stoppedBy !== undefined) told.unshift(stoppedBy.advice)
  return told.length === 0 ? WAITING[phase] : told.join('; ')
}

/** The first few, and how many there are beside them. */
export function problemTexts(problems: readonly RepositoryProblem[]): string[] {
  const told = problems
    .slice(0, PROBLEMS_NAMED)
    .map(({ repository, error }) => `${repository}: ${error.advice}`)
  if (problems.length > PROBLEMS_NAMED) told.push(`and ${problems.length - PROBLEMS_NAMED} more`)
  return told
}
