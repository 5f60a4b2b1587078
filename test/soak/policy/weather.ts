import type { TestCluster } from '#test/harness/cluster.ts'
import { collectGarbage } from '#test/harness/garbage-collection.ts'
import type { Dice } from '../dice.ts'
import type { Journal } from '../journal.ts'
import { machineTime } from '../machine-time.ts'
import { pause } from '../pause.ts'
import { SHOP_FAULTS } from './faults.ts'
import { MISHAPS } from './mishaps.ts'
import type { Operators } from './operators.ts'
import type { Oracle } from './oracle.ts'
import type { Shelf } from './shelf.ts'
import type { Shop } from './shop.ts'
import type { Yard } from './yard.ts'

/** After a disturbance it takes so long, on a busy machine, until a process leads and knows what was done. */
const SETTLES_IN_MS = 20_000

export interface WeatherOptions {
  readonly operators: Operators
  readonly cluster: TestCluster
  readonly shops: readonly Shop[]
  readonly oracle: Oracle
  readonly shelf: Shelf
  readonly yard: Yard
  readonly journal: Journal
  readonly dice: Dice
  readonly signal: AbortSignal
}

/** Storms, in which one thing after the other goes wrong, and lulls, in which what was lost in one has to come back. */
export class Weather {
  readonly #options: WeatherOptions
  isStorm = false
  kills = 0
  freezes = 0

  constructor(options: WeatherOptions) {
    this.#options = options
  }

  async run(over: AbortSignal): Promise<void> {
    const { oracle, dice, shops } = this.#options
    while (!over.aborted) {
      await pause(dice.between(15_000, 40_000), over)
      if (over.aborted) return
      this.isStorm = true
      oracle.disturbed()
      const end = machineTime() + dice.between(15_000, 45_000)
      const isOver = () => over.aborted || machineTime() > end
      await Promise.all([this.#faults(isOver, over), this.#mishaps(isOver, over)])
      if (dice.chance(0.4) && !over.aborted) await this.#collectGarbage(dice.of(shops))
      this.isStorm = false
      oracle.calm(machineTime(), SETTLES_IN_MS)
    }
  }

  async #faults(isOver: () => boolean, over: AbortSignal): Promise<void> {
    const { dice, shops, journal } = this.#options
    while (!isOver()) {
      await pause(dice.between(500, 5_000), over)
      const shop = dice.of(shops)
      const fault = dice.of(SHOP_FAULTS)
      journal.note(`${shop.name}: ${fault.name} begins`, fault.name)
      const mend = await fault.begin(shop)
      await pause(dice.between(300, 8_000), over)
      await mend()
      journal.note(`${shop.name}: ${fault.name} is over`)
    }
  }

  async #mishaps(isOver: () => boolean, over: AbortSignal): Promise<void> {
    const { dice, journal } = this.#options
    const drawn = MISHAPS.flatMap((mishap) => Array.from({ length: mishap.weight }, () => mishap))
    while (!isOver()) {
      await pause(dice.between(500, 5_000), over)
      const mishap = dice.of(drawn)
      journal.note(`operator: ${mishap.name}`, mishap.name)
      const { kills = 0, freezes = 0 } = await mishap.happen(this.#options)
      this.kills += kills
      this.freezes += freezes
      journal.note(`operator: ${mishap.name} is over`)
    }
  }

  /** As the documentation says: while nothing is pushed, and nothing deletes. */
  async #collectGarbage(shop: Shop): Promise<void> {
    const { yard, journal, operators, shelf } = this.#options
    await yard.rest(async () => {
      journal.note(`${shop.name}: a garbage collection begins`, 'garbage collection')
      await operators.stop()
      await collectGarbage(shop.server)
      // It remembers blobs that are gone.
      await shop.server.restart()
      await shelf.look(shop, machineTime())
      shelf.collected(shop)
      await operators.start()
      journal.note(`${shop.name}: the garbage collection is over`)
    })
  }
}
