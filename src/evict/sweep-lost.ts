import { TallymanError } from '#catalogue/error.ts'
import type { Hands } from './hands.ts'
import type { RawManifest } from './placeholder.ts'
import { named, type Put, putByDigest } from './put-back.ts'
import { resolveTags } from './tags.ts'

/**
 * Tags that a DELETE has taken along, as far as anybody can tell: somebody had just moved them onto what it was of (S15). Not those whose own manifest is gone: somebody
 * else has deleted that, with its tags, or after they were moved (S37).
 * @param tags what each named when it was asked last
 */
export async function mayHaveGoneAlong(
  hands: Hands,
  tags: ReadonlyMap<string, string | undefined>,
): Promise<string[]> {
  const now = await resolveTags(hands, new Set([...tags.values()].flatMap((digest) => digest ?? [])))
  return [...tags].flatMap(([tag, was]) => (was !== undefined && now.get(was) === undefined ? [] : tag))
}

/** Writes a manifest again that a tag may have named, so that whoever knows can name it. It counts as brought back (S12). */
export async function keepByDigest(
  hands: Hands,
  manifest: RawManifest,
  put: Put = putByDigest,
): Promise<void> {
  const { journal, clock } = hands
  await put(hands, manifest)
  await journal.append([{ kind: 'restored', at: clock.now(), digest: manifest.digest }])
}

/** @param kept what the tags may have named, if somebody had just moved them */
export function deletedByOthers(hands: Hands, tags: readonly string[], kept: string): TallymanError {
  return unsettled(hands, notWritten(tags, kept), tags.length)
}

/** @param lost how many tags are not there any more */
export function unsettled({ repository }: Hands, told: string, lost: number): TallymanError {
  return new TallymanError('DELETE_UNSETTLED', `${repository}: ${told}`, { details: { lost } })
}

/** What is said of tags that others have deleted. @param kept as in deletedByOthers; empty: nothing of that is there */
export function notWritten(tags: readonly string[], kept: string): string {
  if (kept === '') return `${named(tags)} is missing or names nothing, and nobody knows what it named`
  const doubt = `or had just moved onto ${kept}, which is there again by its digest: push the tag if it is to name that`
  return `${named(tags)} is missing and is not written again: somebody else has deleted it, ${doubt}`
}
