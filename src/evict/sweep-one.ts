import { TallymanError } from '#catalogue/error.ts'
import type { DeleteOutcome } from '#registry/client.ts'
import type { Hands } from './hands.ts'
import type { RawManifest } from './placeholder.ts'
import { putBackLost, revive } from './put-back.ts'
import { copyOf } from './save.ts'
import { unsafe } from './scratch.ts'
import type { Standing } from './standing.ts'
import { headDigest, listTags, resolveTags, settledTags } from './tags.ts'
import { type Obstacle, takeAway } from './take-away.ts'

/** A DELETE of which nobody knows what it did is looked after, and sent once more where the manifest is still there. */
const TRIES = 2

/**
 * Deletes one manifest that no tag names, and counts the tags afterwards: one that somebody moved there in that moment has gone with it, and
 * gets it back (S15).
 * @param guardians what has to be gone before: its indexes, its subject
 * @throws DELETE_TOOK_TAG DELETE_UNSAFE DELETE_UNSETTLED, REGISTRY_* where the registry refuses
 */
export async function sweepOne(
  hands: Hands,
  standing: Standing,
  digest: string,
  guardians: ReadonlySet<string>,
): Promise<Obstacle | 'swept'> {
  const { repository } = hands
  let manifest: RawManifest | undefined
  const stands = async () => {
    if (standing.needs(digest)) return 'named'
    for (const guardian of guardians) if ((await headDigest(hands, guardian)) !== undefined) return 'named'
    const copy = await copyOf(hands, digest)
    if (typeof copy === 'string') return copy
    manifest = copy
    return undefined
  }
  const tags = standing.doomedTagsOf(digest)
  const candidates = [{ repository, digest }, ...tags.map((tag) => ({ repository, tag, digest }))]
  for (let tries = 1; ; tries++) {
    const outcome = await takeAway(hands, candidates, stands, (options) =>
      hands.delete.deleteManifest(repository, digest, options),
    )
    if (typeof outcome === 'string') return outcome === 'gone' && tries > 1 ? 'swept' : outcome
    if (await isSwept(hands, standing, digest, outcome, manifest)) return 'swept'
    if (tries === TRIES) throw unsafe(hands, `of ${digest} failed ${TRIES} times`)
  }
}

/** @returns false: it is still there */
async function isSwept(
  hands: Hands,
  standing: Standing,
  digest: string,
  outcome: DeleteOutcome,
  manifest: RawManifest | undefined,
): Promise<boolean> {
  if (outcome.kind === 'unsupported' || outcome.kind === 'denied') throw outcome.error
  const left = outcome.kind === 'unknown' ? await settledTags(hands) : await listTags(hands)
  const lost = standing.missing(left, digest)
  if (lost.length > 0) await putBackLost(hands, lost, async () => manifest)
  if (outcome.kind === 'unknown') {
    if (manifest === undefined || (await headDigest(hands, digest)) !== undefined) return false
    await noTagDangles(hands, left, manifest)
  }
  await standing.follow(left, digest)
  return true
}

/** A DELETE that was cut off may have taken the manifest, and left tags that name it (S16). */
async function noTagDangles(hands: Hands, left: ReadonlySet<string>, manifest: RawManifest): Promise<void> {
  const names = await resolveTags(hands, left)
  const dangling = [...names].filter(([, digest]) => digest === undefined).map(([tag]) => tag)
  const lost = await revive(hands, dangling, manifest)
  if (lost !== undefined) await putBackLost(hands, lost.tags, async () => manifest)
  if (dangling.length === 0) return
  throw new TallymanError(
    'DELETE_UNSETTLED',
    `${hands.repository}: ${dangling.slice(0, 3).join(', ')} is listed and names nothing`,
  )
}
