import type { RegistryIdentity } from '#retention/registry-memory.ts'
import type { RestoredTag } from '#retention/retention-input.ts'

/** What a policy has done, and must not forget. Times are ms since the epoch. */
export interface PolicyRecord {
  /** Plans that were approved and carried out: each once (S12). */
  readonly approvals: readonly UsedApproval[]
  readonly restored: readonly RestoredTag[]
  /** The run that is not over. */
  readonly run: OpenRun | undefined
  /** Those that are, newest first. */
  readonly runs: readonly EndedRun[]
  readonly hold: Hold | undefined
}

/** Why nothing goes until a human has looked (controllers/evicted-hold.ts, S04). */
export interface Hold {
  readonly since: number
  readonly because: string
}

export interface UsedApproval {
  /** Digest of the plan. */
  readonly plan: string
  readonly usedAt: number
  /** Id of the run that carried it out. */
  readonly run: string
}

export interface OpenRun {
  readonly id: string
  /** What it deletes from: another registry, or this one at another address, is not meant. */
  readonly registry: RegistryIdentity
  /** Of what its plan was made (Soak.mark). */
  readonly mark: string
  /** Digest of the plan. */
  readonly plan: string
  readonly cause: 'Approved' | 'Enforced'
  readonly startedAt: number
  /** When its next pass is due, for one that waits. */
  readonly resumesAt: number | undefined
  /** Those that it may touch: there is a journal about each that it has touched. */
  readonly repositories: readonly string[]
  /** What may go: nothing else does, whatever a later plan says. */
  readonly bindings: readonly AllowedBinding[]
  /** The manifests that go once no tag names them. */
  readonly digests: readonly AllowedDigest[]
}

export interface AllowedBinding {
  readonly repository: string
  readonly tag: string
  readonly digest: string
}

export interface AllowedDigest {
  readonly repository: string
  readonly digest: string
}

export interface EndedRun {
  readonly id: string
  readonly plan: string
  readonly startedAt: number
  readonly finishedAt: number
  /** Those that it may have touched. */
  readonly repositories: readonly string[]
}

export const EMPTY_RECORD: PolicyRecord = {
  approvals: [],
  restored: [],
  run: undefined,
  runs: [],
  hold: undefined,
}

/** When the last run of an approved plan began, ms since the epoch; undefined: there was none. */
export function lastApprovalAt({ approvals }: PolicyRecord): number | undefined {
  return approvals.length === 0 ? undefined : Math.max(...approvals.map(({ usedAt }) => usedAt))
}

const DAY_MS = 86_400_000
/** An approval that is older than the newest one by that much can't be meant any more: plans are approvable for days. */
const APPROVALS_KEPT_MS = 400 * DAY_MS
/** Pins that are over stay so long, for who has a clock that was ahead. */
const PINS_KEPT_MS = 31 * DAY_MS
/** Who purges a run forgets it; this only bounds what nobody purges. */
const RUNS_KEPT = 1_000

/** Two records of one policy as one. Of what both have, the first counts. */
export function joined(a: PolicyRecord, b: PolicyRecord): PolicyRecord {
  return {
    approvals: distinct([...a.approvals, ...b.approvals], ({ plan }) => plan),
    restored: [...a.restored, ...b.restored],
    run: a.run ?? b.run,
    hold: a.hold ?? b.hold,
    runs: distinct([...a.runs, ...b.runs], ({ id }) => id).sort((x, y) => y.finishedAt - x.finishedAt),
  }
}

/** The first of those with the same key. */
function distinct<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map([...items].reverse().map((item) => [keyOf(item), item])).values()].reverse()
}

/**
 * Without what nobody needs any more. Approvals age against each other and not against the clock: one that was put forward forgets none.
 * @param now ms since the epoch
 */
export function trimmed(record: PolicyRecord, now: number): PolicyRecord {
  const newest = record.approvals.reduce((latest, { usedAt }) => Math.max(latest, usedAt), 0)
  return {
    approvals: record.approvals.filter(({ usedAt }) => newest - usedAt <= APPROVALS_KEPT_MS),
    restored: record.restored.filter(({ until }) => now - until <= PINS_KEPT_MS),
    run: record.run,
    runs: record.runs.slice(0, RUNS_KEPT),
    hold: record.hold,
  }
}

/** The mark of a run that another policy of the name has begun: no plan has it, so that it never goes on (S21). */
export const MADE_ANEW = 'another policy'

/**
 * What a policy that is gone leaves to another one of its name: a run that is open does not go on, and is looked at before it is over (S21, S44). A hold stays: whatever makes
 * policies anew need not be a human who has looked.
 */
export function inherited(record: PolicyRecord): PolicyRecord {
  const { run } = record
  return run === undefined ? record : { ...record, run: { ...run, mark: MADE_ANEW, resumesAt: undefined } }
}
