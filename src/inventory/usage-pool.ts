import { DigestPool } from '#inventory/digest-pool.ts'
import { RetiredImages } from '#inventory/retired-images.ts'
import { SequencePool } from '#inventory/sequence-pool.ts'
import { StringPool } from '#inventory/string-pool.ts'
import type { Usage } from '#inventory/usage.ts'
import {
  CONTAINER_WORDS,
  digestOf,
  HEAD_WORDS,
  hasPullSecrets,
  isConfig,
  isFinished,
  isNeverPull,
  isPullFailing,
  NAMESPACE,
  OWNER_KIND,
  OWNER_NAME,
  ownerKindOf,
  packOwnerKind,
  packState,
  runningOf,
  useOf,
} from '#inventory/usage-words.ts'
import type { ContainerUse, UseKind } from '#inventory/using-object.ts'

/** How many distinct things a pool holds. */
export interface UsageCounters {
  readonly usages: number
  readonly images: number
  readonly digests: number
}

/** Picks containers by the ids of image and digest. */
export type ContainerFilter = (image: number, digest: number) => boolean

/** Id of the empty digest, which stands for none: every pool begins with it. */
const NO_DIGEST = 0

/** Reads what ids of images and of what runs stand for. */
export interface ContainerTexts {
  readonly image: (id: number) => string
  readonly running: (id: number) => ContainerUse['running']
}

/** What a usage says of all its containers; its texts by their ids. */
export interface UsageHead {
  readonly use: UseKind
  readonly finished: boolean
  readonly hasPullSecrets: boolean
  readonly namespace: number
  readonly ownerKind: number
  readonly ownerName: number
}

/**
 * Reference-counted usages of one cluster. Objects of one owner that use the same images in the same way share one, so
 * what is stored for each pod is a number, and the count of a usage is how many objects there are of it.
 */
export class UsagePool {
  readonly #texts: StringPool
  readonly #images = new StringPool()
  readonly #digests = new DigestPool()
  readonly #usages = new SequencePool((length) => new Uint32Array(length))
  #words = new Uint32Array(HEAD_WORDS)
  readonly #retired = new RetiredImages()
  #pods = 0

  /** @param texts holds names of namespaces and owners */
  constructor(texts: StringPool) {
    this.#texts = texts
    this.#digests.acquire('')
  }

  get counters(): UsageCounters {
    return { usages: this.#usages.size, images: this.#images.size, digests: this.#digests.size - 1 }
  }

  /** Objects held whose use is `pod`. */
  get pods(): number {
    return this.#pods
  }

  /** How often an image went out of use so far. */
  get retiredImages(): number {
    return this.#retired.count
  }

  /** @see RetiredImages.since */
  retiredSince(count: number): string[] | undefined {
    return this.#retired.since(count)
  }

  /** Ids of usages lie below it; the count tells which are held. */
  get idEnd(): number {
    return this.#usages.idEnd
  }

  /** Ids of images lie below it. */
  get imageIdEnd(): number {
    return this.#images.idEnd
  }

  /** The id of an image that is held. */
  findImage(image: string): number | undefined {
    return this.#images.find(image)
  }

  /** The id of a digest that is held. */
  findDigest(digest: string): number | undefined {
    return digest === '' ? undefined : this.#digests.find(digest)
  }

  isImage(id: number): boolean {
    return this.#images.isHeld(id)
  }

  image(id: number): string {
    return this.#images.text(id)
  }

  /** What a container runs, as `containers` names it. */
  running(id: number): ContainerUse['running'] {
    const digest = digestOf(id)
    if (digest === NO_DIGEST) return undefined
    return { kind: isConfig(id) ? 'config' : 'manifest', digest: this.#digests.text(digest) }
  }

  /** The ids of all images that are held. */
  *imageIds(): Generator<number> {
    for (let id = 0; id < this.#images.idEnd; id++) if (this.#images.isHeld(id)) yield id
  }

  /** The id of `usage`, counted once more. */
  acquire(usage: Usage): number {
    const length = this.#encode(usage)
    const id = this.#usages.acquire(this.#words, length)
    // A usage holds its strings once, however often it is held itself.
    if (this.#usages.count(id) > 1) this.#releaseContent(id)
    if (usage.use === 'pod') this.#pods += 1
    return id
  }

  /** Gives one count of `id` back. */
  release(id: number): void {
    if (useOf(this.#usages.at(id, OWNER_KIND)) === 'pod') this.#pods -= 1
    if (this.#usages.count(id) === 1) this.#releaseContent(id)
    this.#usages.release(id)
  }

  /** How many objects there are of the usage; 0: it is not held. */
  count(id: number): number {
    return this.#usages.count(id)
  }

  head(id: number): UsageHead {
    const kind = this.#usages.at(id, OWNER_KIND)
    return {
      use: useOf(kind),
      finished: isFinished(kind),
      hasPullSecrets: hasPullSecrets(kind),
      namespace: this.#usages.at(id, NAMESPACE),
      ownerKind: ownerKindOf(kind),
      ownerName: this.#usages.at(id, OWNER_NAME),
    }
  }

  /** The containers of a usage that `wanted` picks; absent: all. */
  containers(id: number, wanted: ContainerFilter | undefined, texts: ContainerTexts): ContainerUse[] {
    const containers: ContainerUse[] = []
    const length = this.#usages.length(id)
    for (let at = HEAD_WORDS; at < length; at += CONTAINER_WORDS) {
      const image = this.#usages.at(id, at)
      const state = this.#usages.at(id, at + 1)
      const running = runningOf(state)
      if (wanted !== undefined && !wanted(image, digestOf(running))) continue
      containers.push({
        image: texts.image(image),
        running: texts.running(running),
        neverPull: isNeverPull(state),
        pullFailing: isPullFailing(state),
      })
    }
    return containers
  }

  /** The usages that name an image which `isWanted` marks by its id. */
  naming(isWanted: Uint8Array): number[] {
    return this.#usages.idsWith(isWanted, HEAD_WORDS, CONTAINER_WORDS)
  }

  /** Whether `wanted` picks a container of the usage. */
  some(id: number, wanted: ContainerFilter): boolean {
    const length = this.#usages.length(id)
    for (let at = HEAD_WORDS; at < length; at += CONTAINER_WORDS) {
      if (wanted(this.#usages.at(id, at), digestOf(runningOf(this.#usages.at(id, at + 1))))) return true
    }
    return false
  }

  /** Calls `visit` with the id of each image that the usage names, again where it names it again. */
  forEachImage(id: number, visit: (image: number) => void): void {
    const length = this.#usages.length(id)
    for (let at = HEAD_WORDS; at < length; at += CONTAINER_WORDS) visit(this.#usages.at(id, at))
  }

  /**
   * Calls `visit` with the id of each image of which the two usages may say different things. Where only containers
   * differ, those before the first and after the last difference are left out: a node that pulled one image more does
   * not change the other 49.
   */
  forEachDifference(a: number, b: number, visit: (image: number) => void): void {
    const lengthA = this.#usages.length(a)
    const lengthB = this.#usages.length(b)
    const shorter = Math.min(lengthA, lengthB)
    let start = 0
    while (start < shorter && this.#usages.at(a, start) === this.#usages.at(b, start)) start += 1
    let end = 0
    if (start >= HEAD_WORDS) {
      const same = (back: number) => this.#usages.at(a, lengthA - back) === this.#usages.at(b, lengthB - back)
      while (end < shorter - start && same(end + 1)) end += 1
    }
    const first = Math.max(HEAD_WORDS, start - ((start - HEAD_WORDS) % CONTAINER_WORDS))
    for (let at = first; at < lengthA - end; at += CONTAINER_WORDS) visit(this.#usages.at(a, at))
    for (let at = first; at < lengthB - end; at += CONTAINER_WORDS) visit(this.#usages.at(b, at))
  }

  /** Gives back what growing reserved ahead of need. */
  trim(): void {
    this.#images.trim()
    this.#digests.trim()
    this.#usages.trim()
  }

  /** Fills #words, and counts everything in it once more. */
  #encode(usage: Usage): number {
    const length = HEAD_WORDS + usage.containers.length * CONTAINER_WORDS
    if (length > this.#words.length) this.#words = new Uint32Array(length)
    this.#words[NAMESPACE] = this.#texts.acquire(usage.namespace)
    this.#words[OWNER_NAME] = this.#texts.acquire(usage.owner.name)
    const kind = this.#texts.acquire(usage.owner.kind)
    this.#words[OWNER_KIND] = packOwnerKind(kind, usage)
    let at = HEAD_WORDS
    for (const container of usage.containers) {
      this.#words[at] = this.#images.acquire(container.image)
      const digest = this.#digests.acquire(container.running?.digest ?? '')
      this.#words[at + 1] = packState(digest, container)
      at += CONTAINER_WORDS
    }
    return length
  }

  #releaseImage(id: number): void {
    if (this.#images.isLast(id)) this.#retired.add(this.#images.text(id))
    this.#images.release(id)
  }

  #releaseContent(id: number): void {
    this.#texts.release(this.#usages.at(id, NAMESPACE))
    this.#texts.release(this.#usages.at(id, OWNER_NAME))
    this.#texts.release(ownerKindOf(this.#usages.at(id, OWNER_KIND)))
    const length = this.#usages.length(id)
    for (let at = HEAD_WORDS; at < length; at += CONTAINER_WORDS) {
      this.#releaseImage(this.#usages.at(id, at))
      this.#digests.release(digestOf(runningOf(this.#usages.at(id, at + 1))))
    }
  }
}
