import { isDeepStrictEqual } from 'node:util'
import { counted } from '#catalogue/counted.ts'
import { TallymanError } from '#catalogue/error.ts'
import type { RegistryPolicySpec, RegistryPolicyStatus } from '#crds/registry-policy.ts'
import type { RepositoryProblem } from '#evict/execution.ts'
import { type Eviction, evictionsInSteps } from '#retention/eviction-of.ts'
import type { Judgement } from '#retention/judge.ts'
import { MADE_ANEW, type OpenRun, type PolicyRecord } from '#retention/policy-record.ts'
import { staysInSteps } from '#retention/settle.ts'
import { Pace } from '#time/pace.ts'

export interface NewRun {
  /** Of the policy. */
  readonly name: string
  /** Digest of the plan. */
  readonly plan: string
  readonly cause: OpenRun['cause']
  readonly registry: OpenRun['registry']
  /** Of what the plan was made. */
  readonly mark: string
  /** What goes. */
  readonly evictions: readonly Eviction[]
  /** ms since the epoch. */
  readonly now: number
  /** Four hex digits: two processes that begin a run in the same second have two. */
  readonly nonce: string
}

const MAX_NAME = 40

/** A run that begins. Its id names its journals: `main-20261126t030000-3f9a`. */
export function newRun({ name, plan, cause, registry, mark, evictions, now, nonce }: NewRun): OpenRun {
  const second = new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase()
  return {
    id: `${name.slice(0, MAX_NAME).replace(/[^A-Za-z0-9_]+$/, '')}-${second}-${nonce}`,
    ...{ registry, mark, plan, cause, startedAt: now, resumesAt: undefined },
    repositories: evictions.map(({ repository }) => repository),
    bindings: evictions.flatMap(({ repository, bindings }) =>
      bindings.map(({ tag, digest }) => ({ repository, tag, digest })),
    ),
    digests: evictions.flatMap(({ repository, digests }) =>
      digests.map((digest) => ({ repository, digest })),
    ),
  }
}

/** What a run that goes on has to do. */
export interface WorkLeft {
  readonly evictions: readonly Eviction[]
  /** Repositories of which it is not known what stays: nothing is swept there yet. */
  readonly postponed: readonly RepositoryProblem[]
}

/**
 * What a run that goes on has to do: tags that go still, and every manifest that was to go with it, but for those that something needs by now that stays: it may have been pushed since.
 * In a repository that was not read in full, or that the registry does not list, nothing is known of that. In steps.
 * @param left what of its bindings goes by a judgement made now (intersectInSteps)
 */
export function* evictionsLeft(run: OpenRun, left: Judgement): Generator<undefined, WorkLeft> {
  const pace = new Pace()
  const now = yield* evictionsInSteps(left, pace)
  const still = new Map(now.map((eviction) => [eviction.repository, eviction]))
  const stays = yield* staysInSteps(left.parts, pace)
  const places = new Map(
    left.parts.facts.repositories.map((repository, at) => [repository.name, { repository, at }]),
  )
  const old = new Map<string, string[]>(run.repositories.map((repository) => [repository, []]))
  const unknown = new Map<string, number>()
  for (const { repository, digest } of run.digests) {
    const place = places.get(repository)
    const isKnown = place !== undefined && place.repository.incomplete === undefined
    if (!isKnown) unknown.set(repository, (unknown.get(repository) ?? 0) + 1)
    else if (!stays(place.at, digest)) old.get(repository)?.push(digest)
    if (pace.isTurnOver()) yield
  }
  for (const { repository } of run.bindings) {
    const place = places.get(repository)
    if (place?.repository.incomplete !== undefined) unknown.set(repository, unknown.get(repository) ?? 0)
    if (pace.isTurnOver()) yield
  }
  const evictions: Eviction[] = []
  for (const repository of run.repositories) {
    const tags = new Map<string, string>()
    for (const { tag, digest } of places.get(repository)?.repository.tags ?? []) {
      if (digest !== undefined) tags.set(tag, digest)
      if (pace.isTurnOver()) yield
    }
    const { bindings = [], digests: going = [] } = still.get(repository) ?? {}
    const digests = new Set<string>()
    for (const some of [going, old.get(repository) ?? []]) {
      for (const digest of some) {
        digests.add(digest)
        if (pace.isTurnOver()) yield
      }
    }
    evictions.push({ repository, tags, bindings, digests: [...digests] })
  }
  const postponed = [...unknown].map(([repository, count]) => ({
    repository,
    error: unsettled(repository, count, places.get(repository)?.repository.incomplete),
  }))
  return { evictions, postponed }
}

function unsettled(repository: string, manifests: number, incomplete: string | undefined): TallymanError {
  const why = incomplete ?? 'the registry does not list it'
  const what =
    manifests === 0
      ? 'the tags that go there'
      : `${counted(manifests, 'manifest')} that the run was to sweep there`
  return new TallymanError(
    'DELETE_UNSETTLED',
    `${repository}: ${why}. Of ${what} it is not known whether something needs them by now`,
  )
}

/** What is said at the moment of what a run goes by. */
export interface SaidNow {
  readonly spec: Pick<RegistryPolicySpec, 'mode' | 'approvedPlan'>
  readonly registry: OpenRun['registry']
  readonly mark: string
}

/**
 * Why a run that is open may not go on any more; undefined: it may. What was agreed on, or approved, was that for this registry, by these rules, and as long as it is said (S10, S12).
 */
export function runRefusal(run: OpenRun, { spec, registry, mark }: SaidNow): string | undefined {
  if (run.mark === MADE_ANEW) return 'another policy of this name has begun it'
  if (!isDeepStrictEqual(run.registry, registry))
    return 'it was for another registry, or another address of it'
  if (spec.mode === 'DryRun') return 'spec.mode is DryRun by now'
  if (run.cause === 'Approved') {
    return spec.approvedPlan === run.plan ? undefined : 'spec.approvedPlan does not name its plan any more'
  }
  if (spec.mode !== 'Enforce') return 'spec.mode is not Enforce any more'
  return run.mark === mark ? undefined : 'rules, registry, inventories or version are others by now'
}

/** status.run. */
type ShownRun = Pick<NonNullable<RegistryPolicyStatus['run']>, 'id' | 'finishedAt'> | undefined

/** How long a run that is over is known. */
export interface RunsKept {
  /** ms since the epoch. */
  readonly now: number
  /** spec.trash.retainFor, in milliseconds: after that nothing of it is left to bring back. */
  readonly retainForMs: number
}

/**
 * Why a record cannot be all that the policy has done: the workspace is another one, it shows an older state, or another policy has written it (S12, S32); undefined: it can.
 * A run is in the record before it is in the status.
 */
export function lostRecord(
  shown: ShownRun,
  { run, runs }: PolicyRecord,
  { now, retainForMs }: RunsKept,
): TallymanError | undefined {
  if (shown === undefined || [run, ...runs].some((each) => each?.id === shown.id)) return undefined
  if (shown.finishedAt !== undefined && now - Date.parse(shown.finishedAt) > retainForMs) return undefined
  return new TallymanError(
    'RECORD_CONFLICT',
    `status.run is ${shown.id}, of which the record in the workspace does not know`,
  )
}

/**
 * The run that is to go on, to wait or to be given up. Where it is not known what the policy has done it is no other one than the status tells of: that says what is missing, and is not
 * written over.
 */
export function openRun({ run }: PolicyRecord, shown: ShownRun, isRecordRead: boolean): OpenRun | undefined {
  return isRecordRead || run?.id === shown?.id ? run : undefined
}

/** The record when a run begins: from here on its approval is used (S12), and stays so when a run that needs none has the same plan. Another one that was open is over. */
export function begun(record: PolicyRecord, run: OpenRun): PolicyRecord {
  const { approvals, run: before } = record
  const over = before === undefined || before.id === run.id ? record : ended(record, run.startedAt)
  if (run.cause !== 'Approved') return { ...over, run }
  const used = { plan: run.plan, usedAt: run.startedAt, run: run.id }
  return { ...over, run, approvals: [...approvals.filter(({ plan }) => plan !== run.plan), used] }
}

/** The record when the open run goes on at `resumesAt`, ms since the epoch; undefined: as soon as it may. */
export function paused(record: PolicyRecord, resumesAt: number | undefined): PolicyRecord {
  return record.run === undefined ? record : { ...record, run: { ...record.run, resumesAt } }
}

/** The record when the open run is over. */
export function ended(record: PolicyRecord, now: number): PolicyRecord {
  const { run } = record
  if (run === undefined) return record
  const { id, plan, startedAt, repositories } = run
  return {
    ...record,
    run: undefined,
    runs: [{ id, plan, startedAt, finishedAt: now, repositories }, ...record.runs],
  }
}
