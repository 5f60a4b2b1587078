import { randomUUID } from 'node:crypto'
import { asTallymanError, hasCode } from '#catalogue/error.ts'
import type { LedgerStore } from '#clusters/ledger-store.ts'
import type { Inventory } from '#inventory/inventory.ts'
import type { HeldOrigin, LedgerOrigin } from '#inventory/ledger/origin.ts'
import { SaveSchedule } from '#inventory/ledger/save-schedule.ts'
import type { Moment } from '#inventory/ledger/watched-time.ts'
import type { Log } from '#kube/log.ts'
import { type BackoffPolicy, backoffDelay } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'

const LOOK_MS = 1_000
const RETRY: BackoffPolicy = { initial: 1_000, max: 30_000, factor: 2, jitter: 0.2 }

export interface LedgerKeeperOptions {
  readonly inventory: Inventory
  readonly store: LedgerStore
  readonly clock: Clock
  readonly log: Log
  /** Called after the inventory was loaded. */
  readonly onLoaded: () => void
}

/** Reads the ledger of an inventory at the start of a term and keeps it written until its end. */
export class LedgerKeeper {
  readonly #options: LedgerKeeperOptions
  #schedule = new SaveSchedule(0)
  #turn: Promise<unknown> = Promise.resolve()
  #origin: HeldOrigin | undefined
  /** Somebody else wrote the ledger: what they know is added to what we know before anything is written over it. */
  #isOutdated = false

  constructor(options: LedgerKeeperOptions) {
    this.#options = options
  }

  /** Which ledger it is; undefined: it is not read. */
  get origin(): HeldOrigin | undefined {
    return this.#origin
  }

  /** Until `term` aborts; never rejects. What is remembered is unloaded then: another process may lead. */
  async run(term: AbortSignal): Promise<void> {
    const { inventory, log } = this.#options
    for (let failures = 0; !term.aborted; ) {
      try {
        if (inventory.memoryState !== 'loaded' || this.#isOutdated) await this.#load(term)
        else await this.#saveIfDue(term)
        failures = 0
      } catch (thrown) {
        const error = asTallymanError(thrown)
        if (term.aborted) break
        log.warn({ code: error.code, reason: error.message, failures }, 'the ledger was not read or written')
        failures += 1
      }
      await this.#pause(failures === 0 ? LOOK_MS : backoffDelay(RETRY, failures - 1), term)
    }
    inventory.unload(this.#now())
    this.#origin = undefined
  }

  /** Writes what is not written yet: the last act before the lease is given away. @throws KUBE_*, LEADERSHIP_LOST */
  async flush(signal: AbortSignal): Promise<void> {
    if (this.#options.inventory.memoryState === 'loaded') await this.#save('entries', signal)
  }

  #load(signal: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#loadNow(signal))
  }

  async #loadNow(signal: AbortSignal): Promise<void> {
    const { inventory, store, log, onLoaded } = this.#options
    const { memories, complete, origin } = await store.load(signal)
    const held = inventory.memoryState === 'loaded' ? this.#origin : undefined
    this.#origin = this.#originOf(complete ? origin : undefined, complete ? held : undefined)
    inventory.load(memories, complete, this.#now())
    this.#schedule = new SaveSchedule(this.#options.clock.monotonic())
    const images = memories.reduce((sum, { ledger }) => sum + ledger.size, 0)
    log.info({ clusters: memories.length, images, complete }, 'ledger loaded')
    this.#isOutdated = false
    onLoaded()
  }

  async #saveIfDue(term: AbortSignal): Promise<void> {
    const due = this.#schedule.due(this.#options.inventory.memories, this.#options.clock.monotonic())
    if (due !== undefined) await this.#save(due, term)
  }

  #save(what: 'entries' | 'head', signal: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#saveNow(what, signal))
  }

  /** One at a time: the loop and a flush may meet. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work, work)
    this.#turn = done
    return done
  }

  async #saveNow(what: 'entries' | 'head', signal: AbortSignal): Promise<void> {
    const { inventory, store, clock } = this.#options
    // Its term has ended while this waited for its turn: what is remembered is no longer here.
    if (inventory.memoryState !== 'loaded') return
    if (this.#isOutdated) await this.#loadNow(signal)
    const origin = this.#origin ?? this.#begun()
    // What was seen since the last tick belongs to it as well.
    inventory.tick(this.#now())
    const { memories } = inventory
    const none: ReadonlySet<string> = new Set()
    const changed = new Map(
      memories.map((memory) => [memory.identity, what === 'entries' ? memory.takeUnsaved() : none]),
    )
    try {
      await store.save(memories, changed, origin, signal)
      this.#origin = { ...origin, isKept: true }
    } catch (error) {
      this.#isOutdated ||= hasCode(error, 'KUBE_CONFLICT')
      for (const memory of memories) memory.putBack(changed.get(memory.identity) ?? none, this.#now())
      throw error
    }
    this.#schedule.saved(what, memories, clock.monotonic())
  }

  /** What is stored counts, then what is held: somebody who deletes what is stored takes nothing from what we remember. */
  #originOf(stored: LedgerOrigin | undefined, held: HeldOrigin | undefined): HeldOrigin {
    if (stored !== undefined) return { ...stored, isKept: true }
    return held === undefined ? this.#begun() : { ...held, isKept: false }
  }

  #begun(): HeldOrigin {
    return { id: randomUUID(), since: this.#options.clock.now(), isKept: false }
  }

  async #pause(ms: number, term: AbortSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(ms, term)
    } catch (error) {
      if (!term.aborted) throw error
    }
  }

  #now(): Moment {
    const { clock } = this.#options
    return { wall: clock.now(), monotonic: clock.monotonic() }
  }
}
