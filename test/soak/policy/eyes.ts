import type { RecordedRequest } from '#test/harness/fault-proxy.ts'
import type { Dice } from '../dice.ts'
import { machineTime } from '../machine-time.ts'
import { pause } from '../pause.ts'
import { lookAt } from './look.ts'
import type { Lost, Oracle, Used } from './oracle.ts'
import type { Shelf } from './shelf.ts'
import { type Shop, touches } from './shop.ts'

const LOOK_EVERY_MS = 1_000
/** Share of the images of a look that are pulled with every byte. */
const WHOLE_LOOKS = 0.1
/** How both products answer a PUT or a DELETE of a manifest that is carried out. */
const CARRIED_OUT: readonly unknown[] = [201, 202]

export interface EyesOptions {
  readonly shops: readonly Shop[]
  readonly oracle: Oracle
  readonly shelf: Shelf
  readonly dice: Dice
  /** Pushes again what was lost in the moment in which it was pushed. */
  readonly again: (used: Used) => Promise<void>
}

/** Sees each request that takes something away, and looks at everything in use again and again. */
export class Eyes {
  readonly #options: EyesOptions
  /** Requests that take away what is in use, if they are carried out. */
  readonly #suspects: { readonly request: RecordedRequest; readonly lost: readonly Lost[] }[] = []
  lost: readonly Lost[] = []
  /** Tags that were moved in the moment in which they went. */
  inGap = 0

  constructor(options: EyesOptions) {
    this.#options = options
    for (const shop of options.shops) shop.front.onRequest((request) => this.#see(shop, request))
  }

  /** Until something is lost. @param over ends it */
  async run(over: AbortSignal): Promise<void> {
    const { shops, shelf } = this.#options
    while (!over.aborted && this.lost.length === 0) {
      await this.#look()
      for (const shop of shops) await shelf.look(shop, machineTime())
      await pause(LOOK_EVERY_MS, over)
    }
  }

  async #look(): Promise<void> {
    const { shops, oracle, dice, again } = this.#options
    const startedAt = machineTime()
    const seen = await lookAt(shops, oracle.inUse, () => dice.chance(WHOLE_LOOKS))
    if (seen === undefined) return
    const { lost, inGap } = oracle.judge(seen, startedAt, machineTime())
    const carriedOut = this.#suspects.filter(({ request }) => CARRIED_OUT.includes(request.status))
    this.lost = [...lost, ...carriedOut.flatMap((suspect) => suspect.lost)]
    this.inGap += inGap.length
    for (const used of inGap) await again(used)
  }

  #see(shop: Shop, request: RecordedRequest): void {
    const seen = touches(shop, request)
    if (seen === undefined) return
    const lost = this.#options.oracle.touched(seen.touched, seen.method, machineTime())
    if (lost.length > 0) this.#suspects.push({ request, lost })
  }
}
