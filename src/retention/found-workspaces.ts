import type { RegistryFacts } from '#retention/facts.ts'
import { isOwnContent } from '#retention/own-content.ts'
import { trashTag } from '#retention/trash-tag.ts'

const JOURNALS = '/journals/'
/** `<prefix>/trash/<source>/<n>` */
const TRASH = /^(.+\/trash)\/.+\/\d+$/

type Found = Pick<RegistryFacts, 'repositories' | 'manifests'>

/**
 * What the workspaces of installations begin with that nobody has told us of, as their journals show; or what their trash begins with, as the tags of copies show, each of which
 * says what it names: journals may be unread, or gone. What lies in a trash looks like any image, and it is the way back of what it was made of (S33).
 */
export function foundWorkspaces({ repositories, manifests }: Found): string[] {
  const found = new Set<string>()
  for (const { name, tags } of repositories) {
    const trash = TRASH.exec(name)?.[1]
    if (trash !== undefined && tags.some(isCopy)) found.add(trash)
    const end = name.indexOf(JOURNALS)
    if (end <= 0) continue
    const isJournal = ({ digest }: BoundTag) =>
      digest !== undefined && isOwnContent(name, manifests.get(digest), [])
    if (tags.some(isJournal)) found.add(name.slice(0, end))
  }
  return [...found]
}

type BoundTag = Found['repositories'][number]['tags'][number]

function isCopy({ tag, digest }: BoundTag): boolean {
  return digest !== undefined && tag === trashTag(digest)
}
