import type { Judgement } from '#retention/judge.ts'
import type { Verdict } from '#retention/verdict.ts'

/** A tag that goes, with the repository that it is in. */
export interface Removal {
  readonly repository: string
  readonly verdict: Verdict
}

/** The same as plain data. */
export interface PlannedRemoval {
  readonly repository: string
  readonly tag: string
  readonly digest: string | undefined
  readonly action: Verdict['action']
}

/** What goes, in the order of the plan. */
export function* removals(repositories: Judgement['repositories']): Generator<Removal> {
  for (const { name, verdicts } of repositories)
    for (const verdict of verdicts) if (verdict.action !== 'keep') yield { repository: name, verdict }
}

/** The identity of a binding: a tag that is moved is another one. */
export function bindingKey(repository: string, tag: string, digest: string | undefined): string {
  return `${repository}:${tag}@${digest ?? ''}`
}
