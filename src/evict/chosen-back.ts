import { namedSubject } from '#retention/companion-name.ts'
import type { Evicted } from './evicted.ts'

/** Signatures of signatures, at most. */
export const MAX_DEPTH = 4

/** What something is a signature or the like of, by itself or by the name of its tag. */
export function subjectOf({ subject, tag }: Pick<Evicted, 'subject' | 'tag'>): string | undefined {
  return subject ?? (tag === undefined ? undefined : namedSubject(tag))
}

/** Some of what is gone, and what refers to it: signatures and the like, by their subject or by the name of their tag. In the order of `gone`. */
export function withWhatRefersToThem(chosen: readonly Evicted[], gone: readonly Evicted[]): Evicted[] {
  const all = new Set(chosen)
  const digests = new Set(chosen.map(inRepository))
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const before = all.size
    for (const thing of gone) {
      const subject = subjectOf(thing)
      if (subject === undefined || all.has(thing)) continue
      if (!digests.has(inRepository({ repository: thing.repository, digest: subject }))) continue
      all.add(thing)
      digests.add(inRepository(thing))
    }
    if (all.size === before) break
  }
  return gone.filter((thing) => all.has(thing))
}

function inRepository({ repository, digest }: Pick<Evicted, 'repository' | 'digest'>): string {
  return `${repository}@${digest}`
}
