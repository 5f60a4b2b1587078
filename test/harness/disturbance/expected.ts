import type { TestImage } from '#test/harness/images.ts'
import { DOOMED_DIGESTS, type DoomedTag, FAMILIES, IMAGES, manifestsBelow, TAGS } from './images.ts'
import type { PodReference } from './plan.ts'

/** All that goes by the plan. */
const ALL = FAMILIES.flatMap(({ tags, digests }) => [...tags, ...digests])

/** How a repository has to be when everything is over. */
export interface ExpectedEnd {
  /** What each tag names. */
  readonly tags: ReadonlyMap<string, TestImage>
  /** Tags that may be there all the same, as what they named by the plan: what was used keeps them. */
  readonly mayStay: ReadonlySet<string>
  /** What somebody runs by its digest. */
  readonly running: readonly TestImage[]
  /** Of what goes by the plan: what may stand, since it was touched. */
  readonly touched: ReadonlySet<string>
}

/** Holds what the plan keeps against what others did: what they gave stands, what they use is there, and nothing else is other than undisturbed. */
export class Expected {
  readonly #tags = new Map<string, TestImage>([
    ['kept', IMAGES.kept],
    ['stable', IMAGES.stable],
    ['spare', IMAGES.spare],
  ])
  /** By a pod since before the barrier. */
  readonly #running = new Set<TestImage>([IMAGES.kept, IMAGES.stable])
  readonly #usedTags = new Set<DoomedTag>()
  readonly #touched = new Set<string>()
  #isTakenBack = false

  /** Somebody has given a tag this image. */
  named(tag: string, image: TestImage): void {
    for (const each of [this.#tags.get(tag), image]) if (each !== undefined) this.#touch(manifestsBelow(each))
    this.#tags.set(tag, image)
  }

  /** It may or may not be as somebody has left it: nobody could tell. */
  forget(tag: string): void {
    this.#tags.delete(tag)
  }

  /** @param found what the pod found under its tag; undefined: nothing that it could run */
  used(reference: PodReference, found: TestImage | undefined): void {
    const image = 'tag' in reference ? found : IMAGES[reference.image]
    if ('tag' in reference) this.#usedTags.add(reference.tag)
    if (image === undefined) return
    this.#running.add(image)
    this.#touch(manifestsBelow(image))
  }

  /** A run has brought back all that it had taken: any of it may be there. */
  takenBack(): void {
    this.#isTakenBack = true
  }

  /** What each tag is to name that somebody has given something, or runs. */
  get tags(): ReadonlyMap<string, TestImage> {
    return new Map([...[...this.#usedTags].map((tag) => [tag, TAGS[tag]] as const), ...this.#tags])
  }

  /** Tags and digests that are in use, as an inventory knows them. */
  get usage(): ReadonlySet<string> {
    return new Set([...this.#usedTags, ...[...this.#running].flatMap(manifestsBelow)])
  }

  /** Tags and digests that nothing may take any more: what is used, with all that goes and stays with it. */
  get protected(): ReadonlySet<string> {
    const names = new Set(this.usage)
    for (const { tags, digests } of FAMILIES) {
      const family = [...tags, ...digests]
      if (family.some((name) => names.has(name))) for (const name of family) names.add(name)
    }
    return names
  }

  end(): ExpectedEnd {
    const spared = this.#isTakenBack ? new Set(ALL) : this.protected
    const touched = [...this.#touched, ...spared, ...[...this.tags.values()].flatMap(manifestsBelow)]
    return {
      tags: this.tags,
      mayStay: new Set(FAMILIES.flatMap(({ tags }) => tags).filter((tag) => spared.has(tag))),
      running: [...this.#running],
      touched: new Set(touched.filter((digest) => DOOMED_DIGESTS.includes(digest))),
    }
  }

  #touch(digests: readonly string[]): void {
    for (const digest of digests) this.#touched.add(digest)
  }
}
