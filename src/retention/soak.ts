import { type ComeAgain, wentSince } from '#retention/come-again.ts'
import { type Allows, type Judgement, narrowInSteps } from '#retention/judge.ts'
import type { Plan } from '#retention/plan.ts'
import { bindingKey, removals } from '#retention/removals.ts'
import { Pace } from '#time/pace.ts'

/** Since when the plans of a policy agree (S10). Plain data. */
export interface Soak {
  /** Of what every plan in it was made: rules, registry, inventory, version of the program. Another one starts anew. */
  readonly mark: string
  /** When the last of its plans was made, ms since the epoch. */
  readonly lastAt: number
  /** By binding and action: when the first plan was made that says so, every plan since saying it too. */
  readonly since: ReadonlyMap<string, number>
}

/**
 * With one more plan, in steps. What it does not evict any more, what changed its binding, and what was taken away already, starts anew when it comes back. A plan that is not newer than the last one changes
 * nothing.
 * @param at when the plan was made, ms since the epoch
 */
export function* soakInSteps(
  before: Soak | undefined,
  { repositories }: Pick<Plan, 'repositories'>,
  mark: string,
  at: number,
  again: ComeAgain,
): Generator<undefined, Soak> {
  const isSame = before?.mark === mark
  if (isSame && at <= before.lastAt) return before
  const pace = new Pace()
  const since = new Map<string, number>()
  for (const { repository, verdict } of removals(repositories)) {
    const key = soakKey(repository, verdict.tag, verdict.digest, verdict.action)
    const first = isSame ? before.since.get(key) : undefined
    const isNew = first === undefined || wentSince(again, repository, verdict.tag, first)
    since.set(key, isNew ? at : first)
    if (pace.isTurnOver()) yield
  }
  return { mark, lastAt: at, since }
}

/**
 * Of what goes, in steps, what every plan over `soakMs` says so: at least two of them, the first at least that long before the last. `soak` holds the plan of the judgement already.
 */
export function soakedInSteps(
  judgement: Judgement,
  { since, lastAt }: Soak,
  soakMs: number,
): Generator<undefined, Judgement> {
  const allows: Allows = (repository, { tag, digest, action }) =>
    isSoaked(since.get(soakKey(repository, tag, digest, action)), lastAt, soakMs)
  return narrowInSteps(judgement, allows, 'NotSoaked')
}

/** What waits for the end of its soak. Times are ms since the epoch. */
export interface Soaking {
  /** Tags. */
  readonly count: number
  /** When the first of them may go at the earliest, by the plan that comes then. */
  readonly firstAt: number
  /** The same of the last. */
  readonly lastAt: number
}

/** Of what the last plan says goes, what not every plan over `soakMs` has said; undefined: nothing waits. */
export function soaking({ since, lastAt }: Soak, soakMs: number): Soaking | undefined {
  let count = 0
  let [oldest, newest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const first of since.values()) {
    if (isSoaked(first, lastAt, soakMs)) continue
    count += 1
    oldest = Math.min(oldest, first)
    newest = Math.max(newest, first)
  }
  return count === 0 ? undefined : { count, firstAt: oldest + soakMs, lastAt: newest + soakMs }
}

function isSoaked(first: number | undefined, lastAt: number, soakMs: number): boolean {
  return first !== undefined && first < lastAt && lastAt - first >= soakMs
}

function soakKey(repository: string, tag: string, digest: string | undefined, action: string): string {
  return `${action} ${bindingKey(repository, tag, digest)}`
}
