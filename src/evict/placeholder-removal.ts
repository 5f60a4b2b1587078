import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { DeleteOutcome } from '#registry/client.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import type { Binding, Ended } from './eviction.ts'
import { calls, type Hands, unstoppable } from './hands.ts'
import type { SavedManifest } from './journal.ts'
import { lookAfter } from './look-after.ts'
import type { RawManifest } from './placeholder.ts'
import { named, putBack } from './put-back.ts'
import { unsafe } from './scratch.ts'
import { headDigest, listTags, resolveTags, settledTags } from './tags.ts'
import { takeAway } from './take-away.ts'
import { isMissing } from './wholeness.ts'
import { WIDTH } from './width.ts'

/**
 * Deletes a placeholder with all tags that it stands in for. A tag that came into use meanwhile gets its own manifest back first (S17).
 * @param over what each of its tags named before
 * @param gone told of each when the DELETE is answered: what it takes to know how it ended lasts longer, and somebody may need it by then (S04)
 * @returns how each ended, and the tags that are left
 * @throws DELETE_UNSAFE where the DELETE fails twice
 */
export async function removePlaceholder(
  hands: Hands,
  stand: RawManifest,
  over: readonly Binding[],
  manifests: ReadonlyMap<string, SavedManifest>,
  gone: (binding: Binding) => void = () => undefined,
): Promise<{ readonly ended: readonly Ended[]; readonly left: ReadonlySet<string> }> {
  const spared: Binding[] = []
  let going = over
  let failures = 0
  for (;;) {
    const used = going.filter((binding) => !isDoomed(hands, binding))
    await giveBack(hands, used, manifests, stand)
    spared.push(...used)
    going = going.filter((binding) => !used.includes(binding))
    const candidates = going.map((binding) => ({ ...binding, repository: hands.repository }))
    const outcome = await takeAway(
      hands,
      candidates,
      async () => undefined,
      (options) => hands.delete.deleteManifest(hands.repository, stand.digest, options),
    )
    // Something came into use between the two looks.
    if (typeof outcome === 'string') continue
    if (outcome.kind === 'deleted') for (const binding of going) gone(binding)
    const left = await afterwards(hands, stand, going, outcome)
    if (left !== undefined) {
      const ended = going.map(
        (binding): Ended => ({ ...binding, outcome: left.has(binding.tag) ? 'moved' : 'untagged' }),
      )
      return {
        ended: [...ended, ...spared.map((binding): Ended => ({ ...binding, outcome: 'spared' }))],
        left,
      }
    }
    failures += 1
    if (failures === 2) throw unsafe(hands, 'of a placeholder failed twice')
  }
}

/**
 * While a placeholder stands in for tags, whatever goes wrong gives them their own manifests back, also where the work was told to stop. Where that fails too, and where another process leads by now, the open intent says what is left to do.
 */
export async function withWayBack<T>(
  hands: Hands,
  bindings: readonly Binding[],
  manifests: ReadonlyMap<string, SavedManifest>,
  stand: RawManifest,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await lookAfter(error, () => giveBack(unstoppable(hands), bindings, manifests, stand))
    throw error
  }
}

/**
 * Gives tags their own manifests back, as far as they name the placeholder, or are listed and name nothing because it went without them. One that the registry does not take again, as
 * something that it names is gone, keeps the others from nothing.
 * @throws DELETE_UNSETTLED such a tag names the placeholder, or nothing; REGISTRY_*
 */
export async function giveBack(
  hands: Hands,
  bindings: readonly Binding[],
  manifests: ReadonlyMap<string, SavedManifest>,
  stand: RawManifest,
): Promise<void> {
  if (bindings.length === 0) return
  // Somebody may be pulling it.
  const urgent: Hands = { ...hands, lane: 'interactive' }
  const listed = await listTags(urgent)
  const refused: string[] = []
  let cause: TallymanError | undefined
  await sideBySide(bindings, WIDTH, async ({ tag, digest }) => {
    const manifest = listed.has(tag) ? manifests.get(digest) : undefined
    if (manifest === undefined) return
    try {
      await putBack(urgent, tag, manifest, stand.digest)
    } catch (thrown) {
      const error = asTallymanError(thrown)
      if (!isMissing(error)) throw error
      refused.push(`${tag} (${digest})`)
      cause ??= error
    }
  })
  if (cause === undefined) return
  throw new TallymanError(
    'DELETE_UNSETTLED',
    `${hands.repository}: ${named(refused)} cannot get back what it named, as the registry does not take that again: something that it names is gone. Push it again, or delete the tag`,
    { cause, details: { refused: refused.length } },
  )
}

/** Whether it is still to go, as far as is known already. */
export function isDoomed(hands: Hands, { tag, digest }: Binding): boolean {
  return hands.stillDoomed({ repository: hands.repository, tag, digest })
}

/** The tags that are left after a DELETE of a placeholder that worked; undefined: it is there again, or still, and has to be deleted. */
async function afterwards(
  hands: Hands,
  stand: RawManifest,
  going: readonly Binding[],
  outcome: DeleteOutcome,
): Promise<ReadonlySet<string> | undefined> {
  if (outcome.kind === 'unsupported' || outcome.kind === 'denied') {
    throw outcome.error
  }
  const left = outcome.kind === 'unknown' ? await settledTags(hands) : await listTags(hands)
  return (await isWhole(hands, stand, going, left)) ? left : undefined
}

/**
 * Whether no tag is left in between. A DELETE that was cut off leaves tags that are listed and name nothing: with their placeholder written
 * again they name that, and go with it.
 * @returns false: the placeholder has to be deleted (again)
 */
export async function isWhole(
  hands: Hands,
  stand: RawManifest,
  going: readonly Binding[],
  left: ReadonlySet<string>,
): Promise<boolean> {
  const listed = going.filter(({ tag }) => left.has(tag)).map(({ tag }) => tag)
  const resolved = await resolveTags(hands, listed)
  const dangles = [...resolved.values()].includes(undefined)
  if (dangles) {
    await hands.push.putManifest(hands.repository, stand.digest, stand, calls(hands).write)
    return false
  }
  return (await headDigest(hands, stand.digest)) === undefined
}
