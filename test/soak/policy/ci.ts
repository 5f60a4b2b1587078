import { pushImage } from '#test/harness/push.ts'
import type { Dice } from '../dice.ts'
import type { Journal } from '../journal.ts'
import { machineTime } from '../machine-time.ts'
import { pause } from '../pause.ts'
import { build, digestsOf } from './builds.ts'
import type { Oracle, Push, Used } from './oracle.ts'
import type { Shelf } from './shelf.ts'
import { KEPT_TAG, type Shop } from './shop.ts'
import type { Yard } from './yard.ts'

const MOVED_TAGS = ['latest', 'stage', 'prod']
const RETRY_MS = 300
const FIRST_BUILDS = 5

export interface CiOptions {
  readonly shop: Shop
  readonly oracle: Oracle
  readonly shelf: Shelf
  readonly journal: Journal
  readonly yard: Yard
  readonly dice: Dice
  readonly signal: AbortSignal
}

/** What pushes into one registry: new builds, and tags that move, also onto builds that are about to go or are gone. */
export class Ci {
  readonly #options: CiOptions
  /** By repository, the number of the last build. */
  readonly #builds = new Map<string, number>()
  /** Those that the rules keep: the newest two, and a tag by its name. */
  readonly kept = new Map<string, readonly Used[]>()

  constructor(options: CiOptions) {
    this.#options = options
  }

  async fill(): Promise<void> {
    const { shop, shelf } = this.#options
    for (const repository of shop.repositories) {
      shelf.put({ shop: shop.name, repository, reference: KEPT_TAG }, build(repository, 0).manifest.digest)
      for (let n = 0; n < FIRST_BUILDS; n += 1) await this.#build(repository)
    }
  }

  async run(over: AbortSignal): Promise<void> {
    const { dice, yard, shop } = this.#options
    while (!over.aborted) {
      await yard.work(async () => {
        const repository = dice.of(shop.repositories)
        if (dice.chance(0.65)) await this.#build(repository)
        else await this.#move(repository, dice.of(MOVED_TAGS), dice.between(1, this.#last(repository)))
      })
      await pause(dice.between(200, 1_500), over)
    }
  }

  /** The tag was lost in the moment in which it was pushed: whoever pushed it sees that, and pushes it again. */
  async again({ repository, reference }: Used): Promise<void> {
    await this.#move(repository, reference, this.#last(repository))
  }

  async #build(repository: string): Promise<void> {
    const { shop } = this.#options
    const n = this.#last(repository) + 1
    this.#builds.set(repository, n)
    await this.#push(repository, `b${n}`, n, false)
    const references = [KEPT_TAG, `b${n}`, ...(n > 1 ? [`b${n - 1}`] : [])]
    this.kept.set(
      repository,
      references.map((reference) => ({ shop: shop.name, repository, reference })),
    )
  }

  async #move(repository: string, tag: string, n: number): Promise<void> {
    await this.#push(repository, tag, n, true)
  }

  #last(repository: string): number {
    return this.#builds.get(repository) ?? 0
  }

  /** Until it is answered: as CI does it, a push that fails is begun anew. */
  async #push(repository: string, tag: string, n: number, isMove: boolean): Promise<void> {
    const { shop, oracle, shelf, journal, signal } = this.#options
    const image = build(repository, n)
    const used = { shop: shop.name, repository, reference: tag }
    const push: Push = { used, digests: digestsOf(image), isMove }
    journal.operations += 1
    const sentAt = machineTime()
    oracle.pushing(push)
    for (;;) {
      try {
        await pushImage(shop.server, repository, image, tag)
        break
      } catch (error) {
        // A registry that is being restarted, or a platform that went before its index came.
        if (signal.aborted) throw error
        await pause(RETRY_MS, signal)
      }
    }
    oracle.pushed(push, sentAt, machineTime())
    shelf.put(used, image.manifest.digest)
    if (isMove) journal.note(`${shop.name}: ${repository}:${tag} is moved to build ${n}`)
  }
}
