import { TallymanError } from '#catalogue/error.ts'
import type { DeleteOutcome } from '#registry/client.ts'
import type { Hands } from './hands.ts'
import type { RawManifest } from './placeholder.ts'
import { putBackLost, revive } from './put-back.ts'
import { copyOf } from './save.ts'
import { unsafe } from './scratch.ts'
import type { Standing } from './standing.ts'
import { deletedByOthers, keepByDigest, mayHaveGoneAlong, notWritten } from './sweep-lost.ts'
import { neededBy, writeNeeded } from './sweep-needed.ts'
import { headDigest, listTags, missingFrom, resolveTags, settledTags } from './tags.ts'
import { type Obstacle, takeAway } from './take-away.ts'

/** A DELETE of which nobody knows what it did is looked after, and sent once more where the manifest is still there. */
const TRIES = 2
/** The tags are counted right before the next DELETE; right after each where that takes longer to come, in milliseconds. */
const PROMPT_MS = 1_000

/**
 * Deletes manifests that no tag names, one after the other. All tags are listed right before each DELETE: one that is new by then keeps what it names, and one
 * that somebody moved in that moment, and that has gone along with the DELETE before, gets that back (S15).
 */
export class Sweeping {
  readonly #hands: Hands
  readonly #standing: Standing
  /** Deleted, and the tags were not counted since. */
  #uncounted: RawManifest | undefined
  /** What the next DELETE is of. */
  #saved: RawManifest | undefined
  /** When the last DELETE was answered, in monotonic milliseconds. */
  #answeredAt = Number.POSITIVE_INFINITY
  #isSlow = false
  #isInDoubt = false
  #kept: string | undefined
  /** What was deleted. */
  readonly #gone = new Map<string, RawManifest>()
  readonly #back = new Set<string>()
  /** A listing was not taken over to its end. */
  #isUnfollowed = false

  constructor(hands: Hands, standing: Standing) {
    this.#hands = hands
    this.#standing = standing
  }

  /** Whether it is known of all that was deleted what it has taken along. */
  get isClean(): boolean {
    return this.#uncounted === undefined && !this.#isInDoubt
  }

  /** A manifest that went and is there again by its digest (S37). */
  get kept(): string | undefined {
    return this.#kept
  }

  /** Manifests that went, and are there again because of what was pushed meanwhile: an index contains them (S47), or a new tag names nothing without them (S16). */
  get back(): ReadonlySet<string> {
    return this.#back
  }

  /**
   * Deletes one manifest. What it has taken along is known with `count`, or when the next one goes.
   * @param guardians what has to be gone before: its indexes, its subject
   * @throws DELETE_TOOK_TAG DELETE_UNSAFE DELETE_UNSETTLED, REGISTRY_* where the registry refuses
   */
  async sweep(digest: string, guardians: ReadonlySet<string>): Promise<Obstacle | 'swept'> {
    const hands = this.#hands
    const { repository } = hands
    const stands = async () => {
      if (this.#standing.needs(digest)) return 'named'
      for (const guardian of guardians) if ((await headDigest(hands, guardian)) !== undefined) return 'named'
      const copy = await copyOf(hands, digest)
      if (typeof copy === 'string') return copy
      this.#saved = copy
      this.#isSlow = hands.clock.monotonic() - this.#answeredAt > PROMPT_MS
      await this.#follow(await listTags(hands))
      return this.#standing.needs(digest) ? 'named' : undefined
    }
    const tags = this.#standing.doomedTagsOf(digest)
    const candidates = [{ repository, digest }, ...tags.map((tag) => ({ repository, tag, digest }))]
    for (let tries = 1; ; tries++) {
      const outcome = await takeAway(hands, candidates, stands, (options) =>
        hands.delete.deleteManifest(repository, digest, options),
      )
      if (typeof outcome === 'string' && (outcome !== 'gone' || tries === 1)) return outcome
      if (await this.#isSwept(digest, outcome)) return 'swept'
      if (tries === TRIES) throw unsafe(hands, `of ${digest} failed ${TRIES} times`)
    }
  }

  /** Counts the tags, unless that was done since the last DELETE. @throws DELETE_TOOK_TAG DELETE_UNSETTLED */
  async count(): Promise<void> {
    if (this.#uncounted !== undefined) await this.#follow(await listTags(this.#hands))
  }

  /**
   * Where something of the last listing has stopped the sweep, such as a tag that names nothing, the rest of what is new may still need what went (S47).
   * @throws DELETE_TOOK_TAG that tag names the last one, which is there again
   */
  async giveToUnfollowed(): Promise<void> {
    const last = [...this.#gone.values()].at(-1)
    if (!this.#isUnfollowed || last === undefined) return
    const fresh = missingFrom(new Set(this.#standing.names), await listTags(this.#hands))
    const needed = await neededBy(this.#hands, fresh)
    await this.#give((digest) => needed.has(digest))
    await this.#reviveNew(fresh, last)
  }

  /** A tag that was pushed while its manifest went: that was written, deleted, and then tagged. Registries say that both succeeded. */
  async #reviveNew(fresh: readonly string[], last: RawManifest): Promise<void> {
    const names = await resolveTags(this.#hands, fresh)
    const dangling = fresh.filter((tag) => names.get(tag) === undefined)
    if (dangling.length === 0) return
    const wasInDoubt = this.#isInDoubt
    this.#isInDoubt = true
    const revived = await revive(this.#hands, dangling, last)
    this.#back.add(last.digest)
    if (revived !== undefined) await putBackLost(this.#hands, revived.tags, async () => last)
    this.#isInDoubt = wasInDoubt
  }

  /** Counts them where the next DELETE takes long to come. @throws DELETE_TOOK_TAG DELETE_UNSETTLED */
  async countIfSlow(): Promise<void> {
    if (this.#isSlow) await this.count()
  }

  /** @param outcome `gone`: it was there before a DELETE of which nobody knows what it did @returns false: it is still there */
  async #isSwept(digest: string, outcome: DeleteOutcome | 'gone'): Promise<boolean> {
    if (outcome === 'gone' || outcome.kind === 'unknown') return await this.#isSweptAfterAll(digest)
    if (outcome.kind === 'unsupported' || outcome.kind === 'denied') throw outcome.error
    if (outcome.kind === 'absent' && this.#isInDoubt) return await this.#isSweptAfterAll(digest)
    this.#uncounted = this.#saved
    this.#answeredAt = this.#hands.clock.monotonic()
    this.#isInDoubt = false
    return true
  }

  /** What is thrown here leaves the rest to `settle`: tags may name nothing (S16). */
  async #isSweptAfterAll(digest: string): Promise<boolean> {
    this.#isInDoubt = true
    const left = await settledTags(this.#hands)
    const isGone = (await headDigest(this.#hands, digest)) === undefined
    if (isGone) this.#uncounted = this.#saved
    await this.#follow(left)
    if (!isGone) return false
    await noTagDangles(this.#hands, left, this.#saved)
    this.#isInDoubt = false
    return true
  }

  /** Takes over a listing. */
  async #follow(left: ReadonlySet<string>): Promise<void> {
    const last = this.#uncounted
    const standing = this.#standing
    if (last !== undefined) {
      this.#uncounted = undefined
      const lost = standing.missing(left, last.digest)
      if (lost.length > 0) await this.#answerForLost(lost, last)
    }
    if (last !== undefined) this.#gone.set(last.digest, last)
    this.#isUnfollowed = true
    const fresh = await standing.follow(left, last?.digest)
    this.#isUnfollowed = false
    if (fresh > 0) await this.#give((digest) => standing.needs(digest))
  }

  /**
   * What went and is needed is written again. Until it is, nobody may take what went for ended: whoever settles it looks again (S47).
   */
  async #give(needs: (digest: string) => boolean): Promise<void> {
    const needed = [...this.#gone.values()].filter(({ digest }) => needs(digest) && !this.#back.has(digest))
    if (needed.length === 0) return
    const wasInDoubt = this.#isInDoubt
    this.#isInDoubt = true
    await writeNeeded(this.#hands, needed)
    this.#isInDoubt = wasInDoubt
    for (const { digest } of needed) this.#back.add(digest)
  }

  async #answerForLost(lost: readonly string[], manifest: RawManifest): Promise<never> {
    const tags = new Map(lost.map((tag) => [tag, this.#standing.namedBy(tag)]))
    const wasInDoubt = this.#isInDoubt
    this.#isInDoubt = true
    const open = await mayHaveGoneAlong(this.#hands, tags)
    const others = missingFrom(new Set(open), lost)
    if (others.length > 0) await keepByDigest(this.#hands, manifest)
    if (open.length > 0) {
      const more = others.length === 0 ? undefined : notWritten(others, manifest.digest)
      return await putBackLost(this.#hands, open, async () => manifest, more)
    }
    this.#kept = manifest.digest
    this.#isInDoubt = wasInDoubt
    throw deletedByOthers(this.#hands, lost, manifest.digest)
  }
}

/** A DELETE that was cut off may have taken the manifest, and left tags that name it (S16). */
async function noTagDangles(
  hands: Hands,
  left: ReadonlySet<string>,
  manifest: RawManifest | undefined,
): Promise<void> {
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
