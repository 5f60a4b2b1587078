import { namedSubject } from '#retention/companion-name.ts'
import type { Evicted } from './evicted.ts'

/** Signatures of signatures, at most. */
export const MAX_DEPTH = 4

/** What something is a signature or the like of, by itself or by the name of its tag. */
export function subjectOf({ subject, tag }: Pick<Evicted, 'subject' | 'tag'>): string | undefined {
  return subject ?? (tag === undefined ? undefined : namedSubject(tag))
}

/**
 * Some of what is gone, and what refers to it: signatures and the like, by their subject or by the name of their tag. In the order of `gone`.
 * What refers to nothing of its own repository followed what has that digest elsewhere (COSIGN_REPOSITORY).
 */
export function withWhatRefersToThem(chosen: readonly Evicted[], gone: readonly Evicted[]): Evicted[] {
  const all = new Set(chosen)
  const homes = new Set(gone.map(inRepository))
  const digests = new Set(chosen.map(inRepository))
  const anywhere = new Set(chosen.map(({ digest }) => digest))
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const before = all.size
    for (const thing of gone) {
      const subject = subjectOf(thing)
      if (subject === undefined || all.has(thing)) continue
      const here = inRepository({ repository: thing.repository, digest: subject })
      if (homes.has(here) ? !digests.has(here) : !anywhere.has(subject)) continue
      all.add(thing)
      digests.add(inRepository(thing))
      anywhere.add(thing.digest)
    }
    if (all.size === before) break
  }
  return gone.filter((thing) => all.has(thing))
}

function inRepository({ repository, digest }: Pick<Evicted, 'repository' | 'digest'>): string {
  return `${repository}@${digest}`
}
