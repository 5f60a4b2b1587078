import { asTallymanError } from '#catalogue/error.ts'
import type { Inventories } from '#clusters/inventories.ts'
import { Bell } from '#controllers/evicted-bell.ts'
import { FollowedEvictions, type FollowedEvictionsParts } from '#controllers/followed-evictions.ts'
import type { Evicted, EvictionHistory } from '#evict/evicted.ts'
import type { Clock } from '#time/clock.ts'

export interface EvictedWatchParts extends FollowedEvictionsParts {
  /** All inventories of the operator: what one of them has in use, none may miss (S01). */
  readonly live: Pick<Inventories, 'all' | 'onChange'>
}

/** Changes of use are looked at so often at most. */
const LOOK_EVERY_MS = 1_000
/** Claims of others change without telling. */
const LOOK_ANYWAY_MS = 5_000
const NO_RUNS: ReadonlySet<string> = new Set()

/** What the policies of this operator have evicted, watched as long as it can be brought back: what comes into use again is (S04). */
export class EvictedWatch {
  readonly #parts: EvictedWatchParts
  readonly #followed = new Map<string, FollowedEvictions>()
  readonly #bell: Bell
  readonly #ending = new Set<Promise<void>>()
  #term: AbortSignal | undefined

  constructor(parts: EvictedWatchParts) {
    this.#parts = parts
    this.#bell = new Bell(parts.clock)
  }

  /**
   * From now on what a policy has evicted by this is watched, in place of what was.
   * @param policy, registry `namespace/name`
   * @param history asked for again at every look: it is not copied
   * @param unsettled runs that have begun something of which nobody knows how it ended: what was added of theirs stays watched
   */
  follow(
    policy: string,
    registry: string,
    history: Pick<EvictionHistory, 'went' | 'returned'>,
    unsettled: ReadonlySet<string> = NO_RUNS,
  ): void {
    if (this.#term === undefined || this.#term.aborted) return
    const since = this.#followed.get(policy)?.since.by(unsettled)
    this.forget(policy)
    this.#followed.set(
      policy,
      new FollowedEvictions(policy, registry, history, this.#parts, this.#term, since),
    )
    this.#bell.ring()
  }

  /** A run has taken these away. */
  add(policy: string, things: readonly Evicted[]): void {
    this.#followed.get(policy)?.add(things)
    this.#bell.ring()
  }

  /** The policy is gone. */
  forget(policy: string): void {
    const ending = this.#followed.get(policy)?.end()
    this.#followed.delete(policy)
    if (ending === undefined) return
    this.#ending.add(ending)
    void ending.finally(() => this.#ending.delete(ending))
  }

  /** Watches until the term ends; resolves when nothing of it runs any more. What the next one watches has to be said anew. */
  async run(term: AbortSignal): Promise<void> {
    this.#term = term
    const unsubscribe = this.#parts.live.onChange(() => this.#bell.ring())
    try {
      while (!term.aborted) {
        await this.#bell.wait(LOOK_ANYWAY_MS, term)
        if (this.#followed.size > 0 && !term.aborted) await this.#look()
        await pause(this.#parts.clock, LOOK_EVERY_MS, term)
      }
    } finally {
      unsubscribe()
      this.#term = undefined
      for (const policy of [...this.#followed.keys()]) this.forget(policy)
      await Promise.all(this.#ending)
    }
  }

  async #look(): Promise<void> {
    const snapshots = await Promise.all(this.#parts.live.all().map(({ live }) => live.calmSnapshot()))
    for (const [policy, each] of [...this.#followed]) {
      try {
        await each.look(snapshots)
      } catch (thrown) {
        each.lookAnew()
        const { code, message } = asTallymanError(thrown)
        this.#parts.log.warn(
          { policy, code, reason: message },
          'it was not looked whether something evicted is in use',
        )
      }
    }
  }
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  }
}
