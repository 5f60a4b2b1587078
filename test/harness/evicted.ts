import { type JournalShelf, journalOf } from '#evict/journal-shelf.ts'
import { sweep } from '#evict/sweep.ts'
import { untag } from '#evict/untag.ts'
import { type EvictionSite, evictionOf } from '#test/harness/eviction.ts'
import type { TestImage } from '#test/harness/images.ts'

/** A run that takes tags out of one repository, with all that is below them. */
export interface TestRun {
  readonly run: string
  readonly repository: string
  readonly tags: Readonly<Record<string, TestImage>>
  /** Which of them go. */
  readonly doomed: readonly string[]
  /** What goes with them although no tag names it. */
  readonly more?: readonly TestImage[]
}

/** The workspace of a site lies in the same registry. */
export function shelfOf(site: EvictionSite): JournalShelf {
  return { client: site.direct, prefix: 'tallyman' }
}

/** Pushes the tags and carries out the run, with its journal in the workspace. */
export async function evictTags(
  site: EvictionSite,
  { run, repository, tags, doomed, more = [] }: TestRun,
): Promise<void> {
  for (const [tag, image] of Object.entries(tags)) site.storage.write(repository, image, tag)
  const journal = await journalOf(shelfOf(site), repository, run, {})
  const { hands } = site.hands(repository, { journal })
  const eviction = evictionOf(repository, tags, doomed, more)
  await untag(hands, eviction, site.registry.version === '3' ? 'Native' : 'Placeholder')
  await sweep(hands, eviction)
}
