import type { ExecutionSite } from '#evict/execution.ts'
import type { EvictionSite } from '#test/harness/eviction.ts'
import type { TestImage } from '#test/harness/images.ts'
import { named } from '#test/harness/pull.ts'
import { pushImage, pushManifest } from '#test/harness/push.ts'
import { Expected } from './expected.ts'
import { type PushMoment, wentInGap } from './gap.ts'
import { freshImage, holderImage, IMAGES, manifestsBelow, TAGS } from './images.ts'
import type { Deed, PodReference } from './plan.ts'

/** A child may go while it is pushed; then the client begins anew. */
const PUSH_TRIES = 5

/** Everybody else who works with a repository while runs take things out of it: builds, people who move tags, pods. They pass by the proxy of the site. */
export class Others {
  readonly expected = new Expected()
  readonly #site: EvictionSite
  readonly #repository: string
  /** What they have given tags. */
  readonly #given = new Map<string, TestImage>()
  /** By tag, the last push of it that a request of the executor may have crossed. */
  readonly #pushes = new Map<string, PushMoment>()
  readonly #known = new Map<string, TestImage>(
    Object.values(IMAGES).map((image) => [image.manifest.digest, image]),
  )
  #builds = 0

  constructor(site: EvictionSite, repository: string) {
    this.#site = site
    this.#repository = repository
    for (const [tag, image] of Object.entries(TAGS)) site.storage.write(repository, image, tag)
  }

  /** What a process knows of use: that what came into use stays, it learns with the guard. */
  watch(): Pick<ExecutionSite, 'guard' | 'stillDoomed'> {
    let known = this.expected.protected
    return {
      guard: async () => {
        known = this.expected.protected
      },
      stillDoomed: ({ tag, digest }) => !known.has(tag ?? '') && !known.has(digest),
    }
  }

  /** @returns whether it could be done */
  async do(deed: Deed): Promise<boolean> {
    switch (deed.kind) {
      case 'push':
        return await this.#push(deed.tag, this.#imageOf(deed.image))
      case 'move':
        return await this.#push(deed.tag, this.#imageOf(deed.image))
      case 'promote':
        return await this.#promote(deed.tag, IMAGES[deed.image])
      case 'use':
        return await this.#use(deed.reference)
    }
  }

  /**
   * Pushes tags again that a run has told are missing: who reads that, does so.
   * @param said what was told
   */
  async answer(said: readonly string[]): Promise<string[]> {
    const again: string[] = []
    for (const [tag, image] of this.#given) {
      const name = new RegExp(`\\b${tag}\\b`)
      const isTold = said.some((message) => name.test(message) && message.includes(image.manifest.digest))
      if (!isTold || (await this.#named(tag)) !== undefined) continue
      await pushImage(this.#site.registry, this.#repository, image, tag)
      again.push(tag)
    }
    return again
  }

  /** Forgets what was pushed in the moment in which it went. @returns its tags */
  async forgetGaps(): Promise<string[]> {
    const lost: string[] = []
    for (const [tag, moment] of this.#pushes) {
      const standing = await Promise.all(moment.digests.map((digest) => this.#named(digest)))
      const isThere = (await this.#named(tag)) === moment.digests[0] && !standing.includes(undefined)
      if (isThere || !wentInGap(this.#site.proxy.requests, moment)) continue
      this.expected.forget(tag)
      lost.push(tag)
    }
    return lost
  }

  #imageOf(name: 'fresh' | 'kept' | 'old' | 'holder'): TestImage {
    if (name === 'kept' || name === 'old') return IMAGES[name]
    this.#builds += 1
    return name === 'fresh' ? freshImage(this.#builds) : holderImage(this.#builds)
  }

  async #push(tag: string, image: TestImage): Promise<boolean> {
    const path = new RegExp(`^/v2/${this.#repository}/`)
    const { proxy, registry } = this.#site
    const underWay = new Set(proxy.exchanges({ path }).map(({ request }) => request.n))
    const begunAt = proxy.count
    for (let tries = 1; ; tries += 1) {
      try {
        await pushImage(registry, this.#repository, image, tag)
        break
      } catch (error) {
        if (tries === PUSH_TRIES) throw error
      }
    }
    const digests = manifestsBelow(image)
    const moment = { repository: this.#repository, tag, digests, underWay, begunAt }
    this.#pushes.set(tag, { ...moment, answeredAt: proxy.count })
    this.#isNamed(tag, image)
    return true
  }

  /** As somebody does who has only the registry: its bytes under another name. */
  async #promote(tag: string, image: TestImage): Promise<boolean> {
    const { digest } = image.manifest
    if ((await this.#named(digest)) === undefined) return false
    try {
      await pushManifest(this.#site.registry, this.#repository, image.manifest, tag)
    } catch (error) {
      // Its platform went meanwhile: it stands no more.
      if (image.children.length > 0 && (await this.#named(tag)) !== digest) return false
      throw error
    }
    this.#isNamed(tag, image)
    return true
  }

  async #use(reference: PodReference): Promise<boolean> {
    const found = 'tag' in reference ? await this.#named(reference.tag) : undefined
    this.expected.used(reference, found === undefined ? undefined : this.#known.get(found))
    return true
  }

  #isNamed(tag: string, image: TestImage): void {
    this.#known.set(image.manifest.digest, image)
    this.#given.set(tag, image)
    this.expected.named(tag, image)
  }

  #named(reference: string): Promise<string | undefined> {
    return named(this.#site.registry.wire, this.#repository, reference)
  }
}
