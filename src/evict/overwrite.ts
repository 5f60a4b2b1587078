import { randomUUID } from 'node:crypto'
import { sideBySide } from '#scan/side-by-side.ts'
import { carryOut } from './carry-out.ts'
import type { Binding, Eviction, Outcome } from './eviction.ts'
import type { Hands } from './hands.ts'
import { begin } from './intents.ts'
import type { SavedManifest } from './journal.ts'
import { placeholder, type RawManifest } from './placeholder.ts'
import { assertNobodyFollowed } from './placeholder-followers.ts'
import { removePlaceholder, withWayBack } from './placeholder-removal.ts'
import { unsafe } from './scratch.ts'
import { headDigest, listTags, missingFrom } from './tags.ts'
import { takeAway } from './take-away.ts'
import { WIDTH } from './width.ts'

/**
 * How long tags are written over for one placeholder, in milliseconds: then that goes, with those that it stands in for by then. How long one of them is away is more by a
 * list of all tags, the looks and the DELETE. `WIDTH` tags begin at once and go in any case, so that a journal, which takes 10,000 chunks, has room for 40,000 tags however few
 * requests a second the registry may be sent.
 */
const LONGEST_MS = 3_000
/** A PUT that was not answered is looked after, and sent again if the tag still names what it did. */
const TRIES = 3

/** Tags that may go behind one placeholder. */
export interface OverwriteBatch {
  readonly bindings: readonly Binding[]
  /** Of the bindings at least, by digest. */
  readonly manifests: ReadonlyMap<string, SavedManifest>
  /** Those manifests that are not in the journal yet. */
  readonly unsaved: readonly SavedManifest[]
  /** Told of each as soon as it is gone. */
  readonly gone: (binding: Binding) => void
}

/**
 * Unties tags where the product cannot: one placeholder is written over all of them and then deleted by its digest, which takes its tags along
 * and leaves the manifests that they named. Costs a HEAD and a PUT for each tag and one DELETE in all.
 * @returns how many of the bindings it was, from the first on: those that could be begun within 3 seconds
 * @throws DELETE_TOOK_TAG, DELETE_UNSAFE, REGISTRY_* where the registry refuses
 */
export async function overwriteBatch(
  hands: Hands,
  eviction: Eviction,
  { bindings, manifests, unsaved, gone }: OverwriteBatch,
): Promise<number> {
  const nonce = randomUUID()
  const stand = placeholder(nonce)
  const intent = await begin(hands, { action: 'overwrite', bindings, nonce }, unsaved)
  const before = await listTags(hands)
  let begun = 0
  const endsAt = hands.clock.monotonic() + LONGEST_MS
  const tags = { all: before, bindings, digestOf: (tag: string) => eviction.tags.get(tag) }
  await carryOut(hands, intent, tags, (hands) =>
    withWayBack(hands, bindings, manifests, stand, async () => {
      const looks = await sideBySide(bindings, WIDTH, async ({ tag, digest }) => {
        if (begun > 0 && hands.clock.monotonic() >= endsAt) return undefined
        begun += 1
        return { tag, digest, outcome: await overwriteOne(hands, { tag, digest }, stand) }
      })
      const there = await listTags(hands)
      await assertNobodyFollowed(hands, missingFrom(before, there), stand, bindings)
      const results = looks.flatMap((it) => it ?? [])
      const over = results.filter(({ outcome }) => outcome === 'untagged').map(bindingOf)
      const removed = await removePlaceholder(hands, stand, over, manifests, gone)
      const others = results.filter(({ outcome }) => outcome !== 'untagged')
      const went = new Set(removed.ended.flatMap(({ tag, outcome }) => (outcome === 'untagged' ? tag : [])))
      const stayed = bindings.filter(({ tag }) => there.has(tag) && !went.has(tag))
      return {
        ended: [...removed.ended, ...others],
        left: removed.left,
        mayFollow: new Set(stayed.map(({ tag }) => tag)),
      }
    }),
  )
  return begun
}

const bindingOf = ({ tag, digest }: Binding): Binding => ({ tag, digest })

async function overwriteOne(hands: Hands, { tag, digest }: Binding, stand: RawManifest): Promise<Outcome> {
  const { repository } = hands
  let isOver = false
  const stands = async () => {
    const now = await headDigest(hands, tag)
    isOver = now === stand.digest
    if (now === undefined) return 'gone'
    return now === digest ? undefined : 'moved'
  }
  for (let tries = 1; ; tries++) {
    const outcome = await takeAway(hands, [{ repository, tag, digest }], stands, (options) =>
      hands.push.overwriteTag(repository, tag, stand, options),
    )
    // Before anything of ours was sent, it was somebody else who made it name that: out of another tag that does.
    if (typeof outcome === 'string') return isOver && tries > 1 ? 'untagged' : outcome
    if (outcome.unanswered === undefined) return 'untagged'
    if (tries === TRIES) {
      throw unsafe(
        hands,
        `of tag ${tag} could not be prepared: ${outcome.unanswered.message}`,
        outcome.unanswered,
      )
    }
  }
}
