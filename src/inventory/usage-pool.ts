import type { ContainerUse, UsageRow } from '#inventory/aggregate.ts'
import { DigestPool } from '#inventory/digest-pool.ts'
import { SequencePool } from '#inventory/sequence-pool.ts'
import { StringPool } from '#inventory/string-pool.ts'
import type { Usage } from '#inventory/usage.ts'

// Words of one usage: namespace, name and kind of the workload; then for each container the image and its digest.
// Kind and digest are shifted left over flags.
const NAMESPACE = 0
const WORKLOAD = 1
const KIND = 2
const HEAD_WORDS = 3
const CONTAINER_WORDS = 2

const PULL_SECRETS = 1
const POD_FLAG_BITS = 1

const NEVER_PULL = 1
const PULL_FAILING = 2
const CONFIG_DIGEST = 4
const FLAG_BITS = 3

/** How many distinct things a pool holds. */
export interface UsageCounters {
  readonly usages: number
  readonly images: number
  readonly digests: number
}

/**
 * Reference-counted usages. Pods of one workload that run the same images share one, so what is stored for each pod
 * is a number, and the count of a usage is how many pods there are of it.
 */
export class UsagePool {
  readonly #texts: StringPool
  readonly #images = new StringPool()
  readonly #digests = new DigestPool()
  readonly #usages = new SequencePool((length) => new Uint32Array(length))
  readonly #noDigest = this.#digests.acquire('')
  #words = new Uint32Array(HEAD_WORDS)
  #retiredImages = 0

  /** @param texts holds names of namespaces and workloads */
  constructor(texts: StringPool) {
    this.#texts = texts
  }

  get counters(): UsageCounters {
    return { usages: this.#usages.size, images: this.#images.size, digests: this.#digests.size - 1 }
  }

  /** How often an image went out of use so far. */
  get retiredImages(): number {
    return this.#retiredImages
  }

  /** The id of an image that is held. */
  findImage(image: string): number | undefined {
    return this.#images.find(image)
  }

  image(id: number): string {
    return this.#images.text(id)
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
    return id
  }

  /** Gives one count of `id` back. */
  release(id: number): void {
    if (this.#usages.count(id) === 1) this.#releaseContent(id)
    this.#usages.release(id)
  }

  /** Calls `visit` with the id of each image that the usage names, again where it names it again. */
  forEachImage(id: number, visit: (image: number) => void): void {
    const length = this.#usages.length(id)
    for (let at = HEAD_WORDS; at < length; at += CONTAINER_WORDS) visit(this.#usages.at(id, at))
  }

  /** Whether the usage names the image with this id. */
  names(id: number, image: number): boolean {
    const length = this.#usages.length(id)
    for (let at = HEAD_WORDS; at < length; at += CONTAINER_WORDS) {
      if (this.#usages.at(id, at) === image) return true
    }
    return false
  }

  namespaceOf(id: number): string {
    return this.#texts.text(this.#usages.at(id, NAMESPACE))
  }

  workloadNameOf(id: number): string {
    return this.#texts.text(this.#usages.at(id, WORKLOAD))
  }

  /**
   * The usages that name one of `images` (absent: all usages), with their number of pods. Containers with other
   * images are left out. Not to be walked over a change.
   */
  *rows(cluster: string, images?: ReadonlySet<number>): Generator<UsageRow> {
    const text = remembered((id) => this.#texts.text(id))
    const image = remembered((id) => this.#images.text(id))
    const digest = remembered((id) => this.#digests.text(id))
    for (let id = 0; id < this.#usages.idEnd; id++) {
      const pods = this.#usages.count(id)
      if (pods === 0 || !(images === undefined || this.#namesOneOf(id, images))) continue
      const kind = this.#usages.at(id, KIND)
      yield {
        cluster,
        namespace: text(this.#usages.at(id, NAMESPACE)),
        workload: { kind: text(kind >>> POD_FLAG_BITS), name: text(this.#usages.at(id, WORKLOAD)) },
        hasPullSecrets: (kind & PULL_SECRETS) !== 0,
        pods,
        containers: this.#containers(id, images, image, digest),
      }
    }
  }

  /** Gives back what growing reserved ahead of need. */
  trim(): void {
    this.#images.trim()
    this.#digests.trim()
    this.#usages.trim()
  }

  #namesOneOf(id: number, images: ReadonlySet<number>): boolean {
    const length = this.#usages.length(id)
    for (let at = HEAD_WORDS; at < length; at += CONTAINER_WORDS) {
      if (images.has(this.#usages.at(id, at))) return true
    }
    return false
  }

  #containers(
    id: number,
    images: ReadonlySet<number> | undefined,
    imageText: (id: number) => string,
    digestText: (id: number) => string,
  ): ContainerUse[] {
    const containers: ContainerUse[] = []
    const length = this.#usages.length(id)
    for (let at = HEAD_WORDS; at < length; at += CONTAINER_WORDS) {
      const image = this.#usages.at(id, at)
      if (!(images === undefined || images.has(image))) continue
      const state = this.#usages.at(id, at + 1)
      const digest = state >>> FLAG_BITS
      const kind = (state & CONFIG_DIGEST) === 0 ? 'manifest' : 'config'
      containers.push({
        image: imageText(image),
        running: digest === this.#noDigest ? undefined : { kind, digest: digestText(digest) },
        neverPull: (state & NEVER_PULL) !== 0,
        pullFailing: (state & PULL_FAILING) !== 0,
      })
    }
    return containers
  }

  /** Fills #words, and counts everything in it once more. */
  #encode(usage: Usage): number {
    const length = HEAD_WORDS + usage.containers.length * CONTAINER_WORDS
    if (length > this.#words.length) this.#words = new Uint32Array(length)
    this.#words[NAMESPACE] = this.#texts.acquire(usage.namespace)
    this.#words[WORKLOAD] = this.#texts.acquire(usage.workload.name)
    const kind = this.#texts.acquire(usage.workload.kind)
    this.#words[KIND] = (kind << POD_FLAG_BITS) | (usage.hasPullSecrets ? PULL_SECRETS : 0)
    let at = HEAD_WORDS
    for (const container of usage.containers) {
      this.#words[at] = this.#images.acquire(container.image)
      const digest = this.#digests.acquire(container.running?.digest ?? '')
      this.#words[at + 1] = (digest << FLAG_BITS) | flagsOf(container)
      at += CONTAINER_WORDS
    }
    return length
  }

  #releaseContent(id: number): void {
    this.#texts.release(this.#usages.at(id, NAMESPACE))
    this.#texts.release(this.#usages.at(id, WORKLOAD))
    this.#texts.release(this.#usages.at(id, KIND) >>> POD_FLAG_BITS)
    const length = this.#usages.length(id)
    for (let at = HEAD_WORDS; at < length; at += CONTAINER_WORDS) {
      if (this.#images.release(this.#usages.at(id, at))) this.#retiredImages += 1
      this.#digests.release(this.#usages.at(id, at + 1) >>> FLAG_BITS)
    }
  }
}

function flagsOf(container: ContainerUse): number {
  return (
    (container.neverPull ? NEVER_PULL : 0) |
    (container.pullFailing ? PULL_FAILING : 0) |
    (container.running?.kind === 'config' ? CONFIG_DIGEST : 0)
  )
}

/** `read`, called once for each id. */
function remembered(read: (id: number) => string): (id: number) => string {
  const known = new Map<number, string>()
  return (id) => {
    const text = known.get(id) ?? read(id)
    known.set(id, text)
    return text
  }
}
