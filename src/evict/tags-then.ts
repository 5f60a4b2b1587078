import type { Journal, TagChanges } from './journal.ts'
import { missingFrom } from './tags.ts'

/** Names of more characters together are not recorded: they would not fit into a journal with the rest. */
const MOST_CHARACTERS = 4 * 1024 * 1024

/** What tags there are, as it goes to the journal with each step of a sweep: a process that takes over can tell then which are missing. */
export class TagRecord {
  #recorded: ReadonlySet<string> | undefined

  /** @param names all tags; they count as recorded from here on */
  changesTo(names: Iterable<string>): TagChanges | undefined {
    const before = this.#recorded
    const now = new Set(names)
    let characters = 0
    for (const name of now) characters += name.length
    this.#recorded = characters > MOST_CHARACTERS ? undefined : now
    if (this.#recorded === undefined) return undefined
    if (before === undefined) return { whole: true, came: [...now], went: [] }
    const [came, went] = [missingFrom(before, now), missingFrom(now, before)]
    return came.length + went.length === 0 ? undefined : { whole: false, came, went }
  }
}

/**
 * The tags that there were before an intent to sweep, and the manifests that were brought back since because a tag was missing; undefined: its journal does not say which tags.
 */
export async function tagsThen(
  journal: Journal,
  intent: string,
): Promise<{ readonly tags: ReadonlySet<string>; readonly returned: ReadonlySet<string> } | undefined> {
  const tags = new Set<string>()
  let returned: Set<string> | undefined
  let isKnown = false
  for await (const record of journal.read()) {
    // What a new index needs is written again in the midst of a sweep, and says nothing about tags (S47).
    if (record.kind === 'restored' && record.isNeeded !== true) returned?.add(record.digest)
    if (record.kind !== 'intent' || record.step.action !== 'sweep' || returned !== undefined) continue
    const { whole, came, went } = record.step.tags ?? { whole: false, came: [], went: [] }
    if (whole) tags.clear()
    isKnown ||= whole
    for (const tag of came) tags.add(tag)
    for (const tag of went) tags.delete(tag)
    if (record.id === intent) returned = new Set()
  }
  return isKnown && returned !== undefined ? { tags, returned } : undefined
}
