import { asTallymanError, hasCode } from '#catalogue/error.ts'
import type { KubeClient } from '#kube/client.ts'
import { PODS } from '#kube/resource.ts'
import { systemClock } from '#time/clock.ts'
import { pod } from './objects.ts'

/** Between two pods, and between two tries. */
const PACE_MS = 40

export interface PodLoadOptions {
  readonly client: KubeClient
  readonly namespace: string
  /** The image of pod number `n`. */
  readonly imageOf: (n: number) => string
}

/**
 * Creates pods, each with an image of its own, and deletes every third of them again, at the same time and without a
 * pause while the API server is away: both go on trying until they are answered.
 */
export class PodLoad {
  readonly #options: PodLoadOptions
  readonly #present = new Set<number>()
  readonly #stopping = new AbortController()
  readonly #writers: Promise<unknown>
  #created = 0
  #deleted = 0
  #refused = 0

  constructor(options: PodLoadOptions) {
    this.#options = options
    this.#writers = Promise.all([this.#create(), this.#delete()])
    // Whoever stops it hears of it.
    this.#writers.catch(() => undefined)
  }

  get created(): number {
    return this.#created
  }

  get deleted(): number {
    return this.#deleted
  }

  /** How many tries the API server did not answer. */
  get refused(): number {
    return this.#refused
  }

  /** The images of the pods that exist. */
  get images(): ReadonlySet<string> {
    return new Set([...this.#present].map((n) => this.#options.imageOf(n)))
  }

  /** Ends when what is under way was answered. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#writers
  }

  async #create(): Promise<void> {
    const { client, namespace, imageOf } = this.#options
    for (let n = 0; !this.#stopping.signal.aborted; n += 1) {
      const object = pod({ namespace, name: `load-${n}` }, imageOf(n))
      // Already there: an earlier try arrived although its answer did not.
      await this.#untilAnswered(() => client.create(PODS, object), 'KUBE_CONFLICT')
      this.#created += 1
      this.#present.add(n)
      await systemClock.sleep(PACE_MS)
    }
  }

  async #delete(): Promise<void> {
    const { client, namespace } = this.#options
    for (let n = 0; !this.#stopping.signal.aborted; await systemClock.sleep(PACE_MS)) {
      if (!this.#present.has(n)) continue
      const key = { namespace, name: `load-${n}` }
      await this.#untilAnswered(() => client.delete(PODS, key), 'KUBE_NOT_FOUND')
      this.#deleted += 1
      this.#present.delete(n)
      n += 3
    }
  }

  async #untilAnswered(
    send: () => Promise<unknown>,
    done: 'KUBE_CONFLICT' | 'KUBE_NOT_FOUND',
  ): Promise<void> {
    for (;;) {
      try {
        await send()
        return
      } catch (thrown) {
        if (hasCode(thrown, done)) return
        // Starting up, it also refuses what it cannot judge yet.
        if (!hasCode(thrown, 'KUBE_UNREACHABLE', 'KUBE_TIMEOUT', 'KUBE_SERVER_ERROR', 'KUBE_FORBIDDEN')) {
          throw asTallymanError(thrown)
        }
        this.#refused += 1
        await systemClock.sleep(PACE_MS)
      }
    }
  }
}
