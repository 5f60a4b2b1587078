import type { Judgement } from '#retention/judge.ts'
import type { PlannedRemoval } from '#retention/removals.ts'
import type { Verdict } from '#retention/verdict.ts'

/** How one tag fares by a plan, compared with an earlier one. */
export type PlanChange =
  /** It stays by both, or goes by both in the same way. */
  | { readonly kind: 'stays' | 'unchanged' }
  /** It goes now, and did not before, or not in the same way. */
  | { readonly kind: 'added'; readonly repository: string; readonly verdict: Verdict }
  /** It went before, and does not now, or not in the same way. `now` undefined: the registry does not have the tag any more. */
  | { readonly kind: 'dropped'; readonly removal: PlannedRemoval; readonly now: Verdict | undefined }

/**
 * Both go through once, side by side. A tag that names something else than before may have two changes.
 * @param before what went by the earlier plan; sorted by repository and tag, as the present one is
 */
export function* planChanges(
  before: Iterable<PlannedRemoval>,
  repositories: Judgement['repositories'],
): Generator<PlanChange> {
  const old = before[Symbol.iterator]()
  let next = old.next()
  for (const { name: repository, verdicts } of repositories) {
    for (const verdict of verdicts) {
      while (next.done !== true && isBefore(next.value, repository, verdict.tag)) {
        yield { kind: 'dropped', removal: next.value, now: undefined }
        next = old.next()
      }
      const removal = next.done === true ? undefined : next.value
      if (removal?.repository === repository && removal.tag === verdict.tag) {
        next = old.next()
        yield* changesOf(repository, verdict, removal)
      } else {
        yield* changesOf(repository, verdict, undefined)
      }
    }
  }
  for (; next.done !== true; next = old.next()) {
    yield { kind: 'dropped', removal: next.value, now: undefined }
  }
}

function* changesOf(
  repository: string,
  verdict: Verdict,
  removal: PlannedRemoval | undefined,
): Generator<PlanChange> {
  const goes = verdict.action !== 'keep'
  if (removal?.action === verdict.action && removal.digest === verdict.digest) {
    yield { kind: 'unchanged' }
    return
  }
  if (removal !== undefined) yield { kind: 'dropped', removal, now: verdict }
  if (goes) yield { kind: 'added', repository, verdict }
  else if (removal === undefined) yield { kind: 'stays' }
}

function isBefore(removal: PlannedRemoval, repository: string, tag: string): boolean {
  return removal.repository === repository ? removal.tag < tag : removal.repository < repository
}
