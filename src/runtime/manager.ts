import type { Log } from '#kube/log.ts'
import type { Controller } from '#runtime/controller.ts'
import type { EventRecorder } from '#runtime/events.ts'
import type { LeaderElector } from '#runtime/leader-election.ts'
import type { Cache } from '#runtime/resource-watch.ts'
import { aborted, endedOrWedged, STOP_GRACE_MS } from '#runtime/term.ts'
import type { Clock } from '#time/clock.ts'

/** Something that listens: probes, metrics. */
export interface Service {
  start(): Promise<void>
  stop(): Promise<void>
}

export interface ManagerOptions {
  readonly services: readonly Service[]
  readonly caches: readonly Cache[]
  readonly controllers: readonly Controller[]
  readonly elector: LeaderElector
  readonly events: EventRecorder
  readonly clock: Clock
  readonly log: Log
  /** How long running work may go on after the signal to end. Default 30 s. */
  readonly drainMs?: number | undefined
}

const DEFAULT_DRAIN_MS = 30_000
const FLUSH_MS = 5_000
const SYNC_REMINDER_MS = 120_000

/**
 * Starts the parts in the order in which they need each other, and ends them in the opposite one: servers, caches,
 * election, work; the lease is released last, when nothing of ours can write any more.
 */
export class Manager {
  readonly #options: ManagerOptions

  constructor(options: ManagerOptions) {
    this.#options = options
  }

  /**
   * Runs until `shutdown` aborts, and then until everything has ended.
   * @throws what keeps a server from listening; LEADERSHIP_LOST when work does not stop although it was told to. The
   * process must exit then: the lease is not released
   */
  async run(shutdown: AbortSignal): Promise<void> {
    const { services, caches, elector, log } = this.#options
    for (const service of services) await service.start()
    for (const cache of caches) cache.start()
    await this.#untilSynced(shutdown)
    if (!shutdown.aborted) {
      log.info({}, 'caches are complete')
      await Promise.race([elector.run(), aborted(shutdown)])
    }
    await this.#stop()
  }

  /** Waits as long as it takes: an API server that is down, or CRDs that are applied later, need no restart. */
  async #untilSynced(shutdown: AbortSignal): Promise<void> {
    const { caches, clock, log } = this.#options
    let cancelReminder = clock.schedule(SYNC_REMINDER_MS, remind)
    function remind(): void {
      const waiting = caches.filter((cache) => !cache.synced)
      const reasons = waiting.map(({ name, state }) => `${name}: ${state.lastError?.message ?? state.phase}`)
      log.error({ waiting: reasons }, 'caches are not complete yet')
      cancelReminder = clock.schedule(SYNC_REMINDER_MS, remind)
    }
    await Promise.race([Promise.all(caches.map((cache) => cache.whenSynced())), aborted(shutdown)])
    cancelReminder()
  }

  async #stop(): Promise<void> {
    const { services, caches, controllers, elector, events, clock, log } = this.#options
    const drainMs = this.#options.drainMs ?? DEFAULT_DRAIN_MS
    log.info({}, 'shutting down')
    const drained = Promise.all(controllers.map((controller) => controller.drain(drainMs)))
    await endedOrWedged(drained, controllers, clock, drainMs + STOP_GRACE_MS)
    await Promise.all(caches.map((cache) => cache.stop()))
    await Promise.all(services.map((service) => service.stop()))
    await events.flush(FLUSH_MS)
    await elector.release()
    log.info({}, 'shut down')
  }
}
