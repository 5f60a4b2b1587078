import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { WatchObserverFactory } from '#clusters/cluster-watch.ts'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import { LedgerKeeper } from '#clusters/ledger-keeper.ts'
import { LedgerStore, type LedgerStoreOptions } from '#clusters/ledger-store.ts'
import { LiveInventory } from '#clusters/live-inventory.ts'
import type { HeldOrigin } from '#inventory/ledger/origin.ts'
import type { Log } from '#kube/log.ts'
import type { WatchLoop } from '#kube/reflector.ts'
import type { Clock } from '#time/clock.ts'

export interface InventoriesOptions {
  /** Where ledgers lie, and who may write them. */
  readonly ledger: Pick<LedgerStoreOptions, 'client' | 'fence' | 'namespace'>
  readonly clock: Clock
  readonly log: Log
  readonly observer?: WatchObserverFactory | undefined
}

export interface HeldInventory {
  /** `namespace/name`. */
  readonly key: string
  readonly live: LiveInventory
  /** Of what it remembers, as of now; undefined: it is not read. */
  readonly ledger: HeldOrigin | undefined
}

interface Held {
  readonly live: LiveInventory
  readonly keeper: LedgerKeeper
  /** Ends the keeping of the ledger within a term. */
  readonly ending: AbortController
  keeping: Promise<void>
}

/** How long the last writing of the ledgers may take when the process ends. */
const FLUSH_MS = 5_000

/**
 * All inventories of the operator, by `namespace/name`. Every replica watches; only the one that leads reads and writes what is remembered.
 */
export class Inventories {
  readonly #options: InventoriesOptions
  readonly #held = new Map<string, Held>()
  readonly #listeners = new Set<(key: string) => void>()
  #term: AbortSignal | undefined

  constructor(options: InventoriesOptions) {
    this.#options = options
  }

  get(key: string): LiveInventory | undefined {
    return this.#held.get(key)?.live
  }

  /** Their union protects: what one of them has in use, none may lose (S01). */
  all(): readonly HeldInventory[] {
    return [...this.#held].map(([key, { live, keeper }]) => ({
      key,
      live,
      get ledger() {
        return keeper.origin
      },
    }))
  }

  /** Every list and watch of every cluster, whether it answers or not; named `namespace/name cluster/source`. */
  loops(): WatchLoop[] {
    return this.all().flatMap(({ key, live }) =>
      live.loops().map(({ name, state }) => ({ name: `${key} ${name}`, state })),
    )
  }

  /** The inventories of which the cluster that we run in was not looked at yet. What other clusters do, is not asked here. */
  unseen(): string[] {
    return this.all().flatMap(({ key, live }) => (live.unseen.length === 0 ? [] : [key]))
  }

  /** Starts the inventory, or gives it another configuration. */
  configure(key: string, config: InventoryConfig): void {
    const held = this.#held.get(key)
    if (held !== undefined) {
      held.live.configure(config)
      return
    }
    const made = this.#make(key, config)
    this.#held.set(key, made)
    made.live.onChange(() => this.#tell(key))
    made.live.start()
    if (this.#term !== undefined) made.keeping = made.keeper.run(this.#whileHeld(this.#term, made))
    this.#tell(key)
  }

  /** The ImageInventory is gone. Its ledger stays: it may be applied again. */
  async remove(key: string): Promise<void> {
    const held = this.#held.get(key)
    if (held === undefined) return
    this.#held.delete(key)
    await this.#flush(key, held)
    held.ending.abort()
    await held.keeping
    await held.live.stop()
    this.#tell(key)
  }

  /** Calls `listener` with the key of an inventory of which something changed. The returned function ends that. */
  onChange(listener: (key: string) => void): () => void {
    const own = (key: string) => listener(key)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** Reads and writes what is remembered until `term` aborts; resolves when nothing of that runs any more. */
  async lead(term: AbortSignal): Promise<void> {
    this.#term = term
    for (const held of this.#held.values()) held.keeping = held.keeper.run(this.#whileHeld(term, held))
    await new Promise<void>((resolve) => {
      if (term.aborted) resolve()
      else term.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#term = undefined
    await Promise.all([...this.#held.values()].map(({ keeping }) => keeping))
  }

  /** Writes what is not written yet and ends all watches. To be called while the process still leads. */
  async stop(): Promise<void> {
    await Promise.all([...this.#held].map(([key, held]) => this.#flush(key, held)))
    for (const { ending } of this.#held.values()) ending.abort()
    await Promise.all(
      [...this.#held.values()].map(async ({ keeping, live }) => {
        await keeping
        await live.stop()
      }),
    )
  }

  #make(key: string, config: InventoryConfig): Held {
    const { ledger, clock, observer } = this.#options
    const log = this.#options.log.child({ inventory: key })
    const live = new LiveInventory({ config, memory: 'unloaded', clock, log, observer })
    const store = new LedgerStore({ ...ledger, inventory: key, log })
    const onLoaded = () => this.#tell(key)
    const keeper = new LedgerKeeper({ inventory: live.inventory, store, clock, log, onLoaded })
    return { live, keeper, ending: new AbortController(), keeping: Promise.resolve() }
  }

  async #flush(key: string, { keeper }: Held): Promise<void> {
    const { clock, log } = this.#options
    const limit = new AbortController()
    const message = `The ledger of ${key} was not written within ${FLUSH_MS} ms`
    const cancel = clock.schedule(FLUSH_MS, () => limit.abort(new TallymanError('TIMED_OUT', message)))
    try {
      await keeper.flush(limit.signal)
    } catch (thrown) {
      const { code, message: reason } = asTallymanError(thrown)
      log.warn({ inventory: key, code, reason }, 'the ledger was not written at the end')
    } finally {
      cancel()
    }
  }

  #whileHeld(term: AbortSignal, { ending }: Held): AbortSignal {
    return AbortSignal.any([term, ending.signal])
  }

  #tell(key: string): void {
    for (const listener of [...this.#listeners]) listener(key)
  }
}
