import type { RegistryFacts } from '#retention/facts.ts'
import { isOwnContent } from '#retention/own-content.ts'

const JOURNALS = '/journals/'

/**
 * What the workspaces of installations begin with that nobody has told us of, as their journals show. What lies in a trash looks like any image, and it is the way back of
 * what it was made of (S33).
 */
export function foundWorkspaces({
  repositories,
  manifests,
}: Pick<RegistryFacts, 'repositories' | 'manifests'>): string[] {
  const found = new Set<string>()
  for (const { name, tags } of repositories) {
    const end = name.indexOf(JOURNALS)
    if (end <= 0) continue
    const isJournal = ({ digest }: (typeof tags)[number]) =>
      digest !== undefined && isOwnContent(name, manifests.get(digest), [])
    if (tags.some(isJournal)) found.add(name.slice(0, end))
  }
  return [...found]
}
