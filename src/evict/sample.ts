import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import type { Judgement } from '#retention/judge.ts'
import type { KeptImage } from './eviction.ts'
import { calls, type Reach } from './hands.ts'
import { journalState } from './journal-state.ts'
import { restore } from './restore.ts'
import { headDigest } from './tags.ts'
import { isMissing, Wholeness } from './wholeness.ts'

/** What is looked at before and after a run, by repository. */
export type KeptSample = ReadonlyMap<string, readonly KeptImage[]>

/** Of those that a rule keeps. */
const EACH = 3
const ALL = 50
/** Of those in use. */
const USED_EACH = 20
const USED_ALL = 400

/** A few images that stay of each repository of which something goes, and those of it that are in use; the same for the same plan. */
export function keptSample({ repositories, parts }: Judgement): KeptSample {
  const sample = new Map<string, readonly KeptImage[]>()
  let left = ALL
  let usedLeft = USED_ALL
  for (const [at, { name, verdicts }] of repositories.entries()) {
    if (verdicts.every(({ action }) => action === 'keep')) continue
    const used = new Map<string, KeptImage>()
    const kept = new Map<string, KeptImage>()
    for (const { tag, digest, action, reason } of verdicts) {
      if (digest === undefined || action !== 'keep') continue
      // What a killed proof has left goes with the next one (S40).
      if (reason.code === 'Workspace') continue
      const group = parts.marks.digests.has(digest) ? used : kept
      if (!group.has(digest)) group.set(digest, { tag, digest })
    }
    for (const digest of parts.facts.repositories[at]?.untagged ?? [])
      if (parts.marks.digests.has(digest)) used.set(digest, { digest })
    const chosen = spread([...kept.values()], Math.min(EACH, left))
    const inUse = spread([...used.values()], Math.min(USED_EACH, usedLeft))
    left -= chosen.length
    usedLeft -= inUse.length
    sample.set(name, [...inUse, ...chosen])
  }
  return sample
}

/** At most so many, evenly over all. */
function spread<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all]
  return Array.from({ length: most }, (_, n) => all[Math.floor((n * all.length) / most)]).flatMap(
    (it) => it ?? [],
  )
}

/**
 * Those of the images that are whole: manifests with their bytes, what they hold, and blobs by their last byte. Of one whose tag names nothing already, its digest
 * only.
 */
export async function wholeOf(reach: Reach, images: readonly KeptImage[]): Promise<KeptImage[]> {
  const looks = new Wholeness(reach, reach.repository)
  const whole: KeptImage[] = []
  for (const { tag, digest } of images) {
    const named = tag === undefined ? undefined : await headDigest(reach, tag)
    if (await looks.holds(named ?? digest)) whole.push(named === undefined ? { digest } : { tag, digest })
  }
  return whole
}

/**
 * Looks whether images that were whole before still are. On a loss everything that the run took from the repository is brought back.
 * @returns EVICTION_HARMED, with what is lost and what could not be brought back; undefined: all of them are whole
 */
export async function harmTo(reach: Reach, images: readonly KeptImage[]): Promise<TallymanError | undefined> {
  const { repository } = reach
  const looks = new Wholeness(reach, repository)
  for (const image of images) {
    const loss = await lossOf(reach, looks, image)
    if (loss === undefined) continue
    const failed = await takeBack(reach)
    const rest = failed.length === 0 ? '' : `; not brought back: ${failed.slice(0, 3).join(', ')}`
    return new TallymanError(
      'EVICTION_HARMED',
      `${repository}${image.tag === undefined ? '' : `:${image.tag}`} (${image.digest}) stays and ${loss}${rest}`,
      { details: { notBroughtBack: failed.length } },
    )
  }
  return undefined
}

/** What a tag names by now counts, where somebody has moved it since. Who has removed one cannot be known: that is a loss (S38). */
async function lossOf(
  reach: Reach,
  looks: Wholeness,
  { tag, digest }: KeptImage,
): Promise<string | undefined> {
  try {
    const named = tag === undefined ? digest : await namedBy(reach, tag)
    if (named === undefined) return 'its tag names nothing any more'
    if (await looks.holds(named)) return undefined
  } catch (thrown) {
    const error = asTallymanError(thrown)
    if (!isMissing(error)) throw error
  }
  return 'is not whole any more'
}

/** A HEAD that fails does not say whether that is for a manifest, or a link of its tag, that is damaged; a GET does. */
async function namedBy(reach: Reach, tag: string): Promise<string | undefined> {
  try {
    return await headDigest(reach, tag)
  } catch (thrown) {
    if (!hasCode(thrown, 'REGISTRY_SERVER_ERROR')) throw thrown
    return (await reach.pull.getManifest(reach.repository, tag, calls(reach).read)).digest
  }
}

/** Brings back what the run took from the repository. @returns what could not be */
async function takeBack(reach: Reach): Promise<string[]> {
  const { removed, open } = await journalState(reach.journal)
  // What a DELETE without a usable answer takes may still be going.
  const failed = open.map(({ id, step }) => `step ${id} (${step.action}), of which nobody knows how it ended`)
  const went = [...removed.tags, ...removed.digests.map((digest) => ({ tag: undefined, digest }))]
  for (const { tag, digest } of went) {
    try {
      await restore(reach, { tag, digest })
    } catch (thrown) {
      const { code, message } = asTallymanError(thrown)
      if (code === 'INTERNAL') throw thrown
      failed.push(`${tag ?? digest} (${message})`)
    }
  }
  return failed
}
