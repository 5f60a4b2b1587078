import type { RepositoryFacts } from '#retention/facts.ts'
import type { Judgement } from '#retention/judge.ts'
import type { ReasonCode } from '#retention/reasons.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import type { Reference } from './reference.ts'

/** What stays for one of these has a tag, and stays when another index goes that holds it too. */
const HANGING: ReadonlySet<ReasonCode> = new Set(['PartOf', 'BelongsTo', 'SubjectOf'])

/**
 * Whatever a plan would do to something that has to stay, by any route that a registry takes: a digest takes its tags with it, an index what it holds, and a subject what
 * refers to it. Asks nothing of rules: it looks only at what the plan itself keeps and at what is in use.
 */
export function harms(
  { repositories }: Judgement,
  input: RetentionInput,
  { edges, used }: Reference,
): string[] {
  const found: string[] = []
  let needed: ReadonlySet<string> | undefined
  for (const [at, repository] of input.facts.repositories.entries()) {
    const verdicts = repositories[at]?.verdicts ?? []
    const say = (what: string) => found.push(`${repository.name}: ${what}`)
    if (verdicts.length !== repository.tags.length) say('not every tag has a verdict')
    const kept = new Set<string>()
    const evicted = new Set<string>()
    const untagged = new Set<string>()
    const first = new Set<string>()
    for (const { action, digest = '', reason } of verdicts) {
      const place = action === 'keep' ? kept : action === 'evict' ? evicted : untagged
      place.add(digest)
      if (action === 'keep' && !HANGING.has(reason.code)) first.add(digest)
    }
    if (repository.incomplete !== undefined && evicted.size + untagged.size > 0)
      say('it was not read in full')
    if (evicted.size > 0) needed ??= withLinked(used, edges)
    for (const digest of [...evicted, ...untagged]) {
      if (used.has(digest)) say(`${digest} is in use`)
      if (evicted.has(digest) && needed?.has(digest) === true) say(`${digest} is needed by something in use`)
      if (evicted.has(digest) === kept.has(digest))
        say(`${digest} is evicted beside a tag that stays, or untagged without one`)
      if (evicted.has(digest) && untagged.has(digest)) say(`${digest} is evicted and untagged`)
    }
    if (evicted.size === 0) continue
    for (const { from, to, code } of edges) {
      if (!kept.has(from) || !evicted.has(to)) continue
      if (code === 'PartOf') say(`${from} stays and is evicted in part: ${to}`)
      if (code === 'SubjectOf' && isHere(repository, to))
        say(`${from} stays, and goes with its subject ${to}`)
      if (code === 'BelongsTo') say(`${from} stays, and is not signed any more by ${to}`)
      if (code === 'Holds' && first.has(from)) say(`${from} stays, and goes with its index ${to}`)
    }
  }
  return found
}

function isHere({ tags, untagged }: RepositoryFacts, digest: string): boolean {
  return untagged.includes(digest) || tags.some((tag) => tag.digest === digest)
}

/** What is in use, what it is made of, what it is part of, and what refers to it. */
function withLinked(used: ReadonlySet<string>, edges: Reference['edges']): Set<string> {
  const found = new Set(used)
  for (const { from, to } of edges) if (used.has(from)) found.add(to)
  return found
}
