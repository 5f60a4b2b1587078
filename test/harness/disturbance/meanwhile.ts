import type { FaultProxy, RequestMatch } from '#test/harness/fault-proxy.ts'
import type { Disturbance } from './plan.ts'

/** Lets disturbances come at their time: one after the other, each while the request that it comes before is held. */
export class Meanwhile {
  readonly #disturb: (disturbance: Disturbance) => Promise<unknown>
  readonly #over = Promise.withResolvers<void>()
  readonly #coming: Promise<unknown>
  readonly #dead: readonly Disturbance[]
  #turn: Promise<unknown> = Promise.resolve()

  /** @param match the requests of the run that are counted */
  constructor(
    proxy: Pick<FaultProxy, 'hold'>,
    match: RequestMatch,
    disturbances: readonly Disturbance[],
    disturb: (disturbance: Disturbance) => Promise<unknown>,
  ) {
    this.#disturb = disturb
    this.#dead = disturbances.filter(({ at }) => at === 'dead')
    this.#coming = Promise.all(
      disturbances.map(async (each) => {
        if (each.at === 'dead') return
        const hold = proxy.hold({ ...match, nth: each.at })
        await Promise.race([hold.arrived, this.#over.promise])
        await this.#next(each).finally(() => hold.release())
      }),
    )
    // It is awaited when the process is dead.
    this.#coming.catch(() => undefined)
  }

  /** The process is dead: what was to come before a request that it has not sent comes now, and then what was to come when it is. */
  async dead(): Promise<void> {
    this.#over.resolve()
    await this.#coming
    for (const each of this.#dead) await this.#next(each)
  }

  #next(disturbance: Disturbance): Promise<unknown> {
    const next = this.#turn.then(() => this.#disturb(disturbance))
    this.#turn = next
    return next
  }
}
