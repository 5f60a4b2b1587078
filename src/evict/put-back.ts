import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import { calls, type Hands, unstoppable } from './hands.ts'
import type { RawManifest } from './placeholder.ts'
import { MOST_UNREACHABLE } from './reachability.ts'
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

/** Writes a manifest again, under its digest alone. */
export type Put = (hands: Hands, manifest: RawManifest) => Promise<void>

export const putByDigest: Put = async (hands, manifest) => {
  await hands.push.putManifest(hands.repository, manifest.digest, manifest, calls(hands).write)
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
  put: Put = putByDigest,
): Promise<{ readonly tags: readonly string[]; readonly manifest: RawManifest } | undefined> {
  if (dangling.length === 0 || manifest === undefined) return undefined
  await put(hands, manifest)
  const names = await resolveTags(hands, dangling)
  const tags = dangling.filter((tag) => names.get(tag) === manifest.digest)
  return tags.length === 0 ? undefined : { tags, manifest }
}

/** What a tag named that went, looked up by the hands that are given. @returns undefined: nobody knows */
export type ManifestOf = (tag: string, hands: Hands) => Promise<RawManifest | undefined>

/**
 * Tags that a request of ours took although nobody wanted it: they get back what they named then, also where the work was told to stop, and the run stops (S15). What keeps one of
 * them from that keeps neither the others from it nor the run from being stopped for it.
 * @param more what else is to be told
 * @throws DELETE_TOOK_TAG, because of the first thing that kept one from being put back or recorded, if anything did; LEADERSHIP_LOST
 */
export async function putBackLost(
  hands: Hands,
  lost: readonly string[],
  manifestOf: ManifestOf,
  more?: string,
): Promise<never> {
  const urgent = unstoppable(hands)
  const returns: Return[] = []
  for (const tag of lost) {
    const away = unreachable(returns)
    if (away?.state === 'failed') returns.push({ ...away, tag })
    else returns.push(await returnOf(urgent, tag, manifestOf, away?.error))
  }
  const those = (state: Return['state']) => returns.flatMap((it) => (it.state === state ? it.tag : []))
  const [unknown, failed] = [those('unknown'), those('failed')]
  const errors = [...returns.filter(({ state }) => state === 'failed'), ...returns].flatMap(
    (it) => it.error ?? [],
  )
  const told = [
    `${named(lost)} went although nobody wanted it`,
    `put back: ${named(those('back'))}`,
    ...(unknown.length === 0 ? [] : [`not known what they named: ${named(unknown)}`]),
    ...(failed.length === 0 ? [] : [`not put back: ${named(failed)} (${errors[0]?.message})`]),
    ...(more === undefined ? [] : [more]),
  ]
  throw new TallymanError('DELETE_TOOK_TAG', `${hands.repository}: ${told.join('; ')}`, {
    details: { lost: lost.length, putBack: those('back').length },
    cause: errors[0],
  })
}

/** What became of a tag that went. `unknown`: nobody knows what it named, or it names something else by now. */
interface Return {
  readonly tag: string
  readonly state: 'back' | 'unknown' | 'failed'
  /** What kept it from being put back, or that from being recorded. */
  readonly error?: TallymanError | undefined
}

/**
 * @param mute why the journal is not written any more
 * @throws LEADERSHIP_LOST: another process goes on
 */
async function returnOf(
  hands: Hands,
  tag: string,
  manifestOf: ManifestOf,
  mute: TallymanError | undefined,
): Promise<Return> {
  let manifest: RawManifest | undefined
  try {
    manifest = await manifestOf(tag, hands)
    if (manifest === undefined || !(await putBack(hands, tag, manifest))) return { tag, state: 'unknown' }
  } catch (error) {
    if (hasCode(error, 'LEADERSHIP_LOST')) throw error
    return { tag, state: 'failed', error: asTallymanError(error) }
  }
  if (mute !== undefined) return { tag, state: 'back', error: mute }
  try {
    await hands.journal.append([{ kind: 'restored', at: hands.clock.now(), tag, digest: manifest.digest }])
  } catch (error) {
    return { tag, state: 'back', error: asTallymanError(error) }
  }
  return { tag, state: 'back' }
}

/** The last of those that show that a registry is away, theirs or that of the journal; undefined: they don't. */
function unreachable(returns: readonly Return[]): Return | undefined {
  const last = returns.slice(-MOST_UNREACHABLE)
  const isAway =
    last.length === MOST_UNREACHABLE &&
    last.every(({ state, error }) => error?.kind === 'unreachable' && state === last[0]?.state)
  return isAway ? last.at(-1) : undefined
}

export function named(tags: readonly string[]): string {
  if (tags.length === 0) return 'none'
  return tags.length <= 5 ? tags.join(', ') : `${tags.slice(0, 5).join(', ')} and ${tags.length - 5} more`
}
