import { type Judgement, narrow } from '#retention/judge.ts'
import type { Plan } from '#retention/plan.ts'
import { bindingKey, removals } from '#retention/removals.ts'

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
 * With one more plan. What it does not evict any more, and what changed its binding, starts anew when it comes back. A plan that is not newer than the last one changes
 * nothing.
 * @param at when the plan was made, ms since the epoch
 */
export function soakWith(
  before: Soak | undefined,
  { repositories }: Pick<Plan, 'repositories'>,
  mark: string,
  at: number,
): Soak {
  const isSame = before?.mark === mark
  if (isSame && at <= before.lastAt) return before
  const since = new Map(
    Array.from(removals(repositories), ({ repository, verdict }) => {
      const key = soakKey(repository, verdict.tag, verdict.digest, verdict.action)
      return [key, (isSame ? before.since.get(key) : undefined) ?? at]
    }),
  )
  return { mark, lastAt: at, since }
}

/**
 * Of what goes, what every plan over `soakMs` says so: at least two of them, the first at least that long before the last. `soak` holds the plan of the judgement already.
 */
export function soaked(judgement: Judgement, soak: Soak, soakMs: number): Judgement {
  const { since, lastAt } = soak
  const allows = (
    repository: string,
    { tag, digest, action }: Parameters<Parameters<typeof narrow>[1]>[1],
  ) => {
    const first = since.get(soakKey(repository, tag, digest, action))
    return first !== undefined && first < lastAt && lastAt - first >= soakMs
  }
  return narrow(judgement, allows, 'NotSoaked')
}

function soakKey(repository: string, tag: string, digest: string | undefined, action: string): string {
  return `${action} ${bindingKey(repository, tag, digest)}`
}
