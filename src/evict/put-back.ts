import { TallymanError } from '#catalogue/error.ts'
import { calls, type Hands } from './hands.ts'
import type { RawManifest } from './placeholder.ts'
import { headDigest, resolveTags } from './tags.ts'

/**
 * Gives a tag its manifest back, unless it names something that nobody of us put there.
 * @param over the digest that may be written over: a placeholder; absent: only a tag that names nothing
 * @returns whether the tag names the manifest now
 */
export async function putBack(
  hands: Hands,
  tag: string,
  manifest: RawManifest,
  over?: string,
): Promise<boolean> {
  const now = await headDigest(hands, tag)
  if (now === manifest.digest) return true
  if (now !== undefined && now !== over) return false
  await hands.push.putManifest(hands.repository, tag, manifest, calls(hands).write)
  return true
}

/**
 * Which of the tags that name nothing named this manifest: it is written again, and they name it again. A DELETE that was cut off leaves a tag
 * like that where somebody had just moved it to what was deleted (S15, S16).
 * @returns undefined: none of them; they name nothing for another reason
 */
export async function revive(
  hands: Hands,
  dangling: readonly string[],
  manifest: RawManifest | undefined,
): Promise<{ readonly tags: readonly string[]; readonly manifest: RawManifest } | undefined> {
  if (dangling.length === 0 || manifest === undefined) return undefined
  await hands.push.putManifest(hands.repository, manifest.digest, manifest, calls(hands).write)
  const names = await resolveTags(hands, dangling)
  const tags = dangling.filter((tag) => names.get(tag) === manifest.digest)
  return tags.length === 0 ? undefined : { tags, manifest }
}

/**
 * Tags that a request of ours took although nobody wanted it: they get back what they named then, and the run stops (S15).
 * @param more what else is to be told
 * @throws DELETE_TOOK_TAG, because of what kept one that is back from being recorded, if anything did; REGISTRY_*
 */
export async function putBackLost(
  hands: Hands,
  lost: readonly string[],
  manifestOf: (tag: string) => Promise<RawManifest | undefined>,
  more?: string,
): Promise<never> {
  const back: string[] = []
  let unrecorded: unknown
  for (const tag of lost) {
    const manifest = await manifestOf(tag)
    if (manifest === undefined || !(await putBack(hands, tag, manifest))) continue
    back.push(tag)
    try {
      await hands.journal.append([{ kind: 'restored', at: hands.clock.now(), tag, digest: manifest.digest }])
    } catch (error) {
      // That a tag went has to be told all the same, and the next one put back.
      unrecorded ??= error
    }
  }
  const missing = lost.filter((tag) => !back.includes(tag))
  const unknown = missing.length === 0 ? '' : `; not known what they named: ${named(missing)}`
  const rest = more === undefined ? unknown : `${unknown}; ${more}`
  throw new TallymanError(
    'DELETE_TOOK_TAG',
    `${hands.repository}: ${named(lost)} went although nobody wanted it; put back: ${named(back)}${rest}`,
    { details: { lost: lost.length, putBack: back.length }, cause: unrecorded },
  )
}

export function named(tags: readonly string[]): string {
  if (tags.length === 0) return 'none'
  return tags.length <= 5 ? tags.join(', ') : `${tags.slice(0, 5).join(', ')} and ${tags.length - 5} more`
}
