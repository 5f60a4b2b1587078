import { randomUUID } from 'node:crypto'
import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { Log } from '#kube/log.ts'
import { Attempt } from '#runtime/attempt.ts'
import { ControllerMetrics } from '#runtime/controller-metrics.ts'
import type { Metrics } from '#runtime/metrics.ts'
import { parseKey } from '#runtime/object-key.ts'
import { DEFAULT_BACKOFF } from '#runtime/rate-limiter.ts'
import { type Outcome, outcomeOfResult, outcomeOfThrown, type Result } from '#runtime/result.ts'
import { LOW_PRIORITY, WorkQueue } from '#runtime/work-queue.ts'
import type { BackoffPolicy } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'

export interface ReconcileContext {
  /** Aborts at the time limit, when the object changed, when leadership is lost and at the end of shutdown. */
  readonly signal: AbortSignal
  /** Carries controller, namespace, name and reconcileID on every line. */
  readonly log: Log
  readonly reconcileID: string
  /** For requests that must not be cut off once they are sent; see Attempt.shield. */
  shield<T>(work: () => Promise<T>): Promise<T>
}

export interface ControllerOptions {
  /** Label of metrics and logs: the kind in lower case. */
  readonly name: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Keys that are worked on at once. Default 1. */
  readonly concurrency?: number | undefined
  /** Time limit of one reconciliation. Default 2 minutes. */
  readonly timeoutMs?: number | undefined
  readonly backoff?: BackoffPolicy | undefined
  /** Every key there is: enqueued at low priority whenever work starts, so that nothing missed while standing by stays missed. */
  readonly keys: () => Iterable<string>
  /** Called when a term begins, before a key is taken: what was remembered of the objects another leader may have changed. */
  readonly beginTerm?: (() => void) | undefined
  /** Brings one object closer to its spec, or finds nothing to do. Reads state itself: the key says only where to look. */
  readonly reconcile: (key: string, context: ReconcileContext) => Promise<Result>
}

export interface EnqueueOptions {
  readonly priority?: number | undefined
  /** Stop a run of this key: it works on a spec that is no longer wanted. */
  readonly supersede?: boolean | undefined
}

const DEFAULT_TIMEOUT_MS = 120_000

/**
 * Takes keys from its queue and reconciles them: never the same key twice at once, at most `concurrency` together.
 * The queue fills from the first watch event on, also in standby; workers exist only between run() and the abort of
 * its term.
 */
export class Controller {
  readonly name: string
  readonly #options: ControllerOptions
  readonly #timeoutMs: number
  readonly #queue: WorkQueue<string>
  readonly #metrics: ControllerMetrics
  readonly #attempts = new Map<string, Attempt>()
  readonly #intake = new AbortController()
  #workers: Promise<unknown> = Promise.resolve()

  constructor(options: ControllerOptions) {
    this.name = options.name
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    this.#metrics = new ControllerMetrics(options.metrics, options.name, options.concurrency ?? 1)
    this.#queue = new WorkQueue({
      clock: options.clock,
      backoff: options.backoff,
      observer: this.#metrics.queue,
    })
    options.metrics.beforeScrape(() =>
      this.#metrics.unfinished([...this.#attempts.values()].map((a) => a.ageMs)),
    )
  }

  enqueue(key: string, options: EnqueueOptions = {}): void {
    this.#queue.add(key, options.priority)
    if (options.supersede) this.#attempts.get(key)?.stop(cancelled(`${key} has changed`))
  }

  /** Runs `key` after a time, or earlier if something else asks for it. */
  enqueueAfter(key: string, delayMs: number): void {
    this.#queue.addAfter(key, delayMs)
  }

  /** Works until `term` aborts or drain() is called. Resolves when the last worker has ended. */
  run(term: AbortSignal): Promise<void> {
    this.#options.beginTerm?.()
    for (const key of this.#options.keys()) this.enqueue(key, { priority: LOW_PRIORITY })
    const stop = AbortSignal.any([term, this.#intake.signal])
    const workers = Array.from({ length: this.#options.concurrency ?? 1 }, () => this.#work(stop, term))
    const ended = Promise.all(workers).then(() => undefined)
    this.#workers = ended
    return ended
  }

  /**
   * Takes no further key and lets running ones finish; what still runs after `graceMs` is told to stop. Resolves when
   * all have ended.
   */
  async drain(graceMs: number): Promise<void> {
    this.#intake.abort()
    this.#queue.shutdown()
    const cancelTimer = this.#options.clock.schedule(graceMs, () => {
      for (const attempt of this.#attempts.values()) attempt.stop(cancelled('the process ends'))
    })
    await this.#workers
    cancelTimer()
  }

  /** Keys being worked on that may be cut off: those that do not end although they were told to are wedged. */
  get unshielded(): readonly string[] {
    return [...this.#attempts].filter(([, attempt]) => !attempt.shielded).map(([key]) => key)
  }

  /** Keys whose run goes on although its time limit passed `graceMs` ago. */
  wedged(graceMs: number): readonly string[] {
    const limit = this.#timeoutMs + graceMs
    return [...this.#attempts].filter(([, run]) => run.ageMs > limit && !run.shielded).map(([key]) => key)
  }

  async #work(stop: AbortSignal, term: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.get(stop)
      if (key === undefined) return
      if (stop.aborted) this.#queue.add(key)
      else await this.#process(key, term)
      this.#queue.done(key)
    }
  }

  async #process(key: string, term: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const reconcileID = randomUUID()
    const log = this.#options.log.child({ controller: this.name, ...parseKey(key), reconcileID })
    const attempt = new Attempt(clock)
    const endWithTerm = () => attempt.stop(asTallymanError(term.reason))
    term.addEventListener('abort', endWithTerm)
    const cancelTimer = clock.schedule(this.#timeoutMs, () => {
      attempt.stop(new TallymanError('TIMED_OUT', `reconciling took longer than ${this.#timeoutMs} ms`))
    })
    this.#attempts.set(key, attempt)
    this.#metrics.started()
    const outcome = await this.#attempt(key, attempt, { log, reconcileID })
    this.#metrics.ended(outcome, attempt.ageMs)
    this.#attempts.delete(key)
    cancelTimer()
    term.removeEventListener('abort', endWithTerm)
    this.#settle(key, outcome, attempt, log)
  }

  /** The worker boundary: whatever is thrown inside becomes an outcome. */
  async #attempt(
    key: string,
    attempt: Attempt,
    context: Pick<ReconcileContext, 'log' | 'reconcileID'>,
  ): Promise<Outcome> {
    try {
      const result = await this.#options.reconcile(key, {
        ...context,
        signal: attempt.signal,
        shield: (work) => attempt.shield(work),
      })
      return outcomeOfResult(result)
    } catch (thrown) {
      return outcomeOfThrown(thrown, attempt.stoppedBy)
    }
  }

  #settle(key: string, outcome: Outcome, attempt: Attempt, log: Log): void {
    switch (outcome.result) {
      case 'success':
        this.#queue.forget(key)
        return
      case 'requeue_after':
        this.#queue.forget(key)
        this.#queue.addAfter(key, outcome.afterMs)
        return
      case 'cancelled':
        // Again at once: by the next term, or with the new spec.
        this.#queue.add(key)
        log.info({ reason: attempt.stoppedBy?.message }, 'reconciliation stopped')
        return
      case 'terminal_error':
        this.#queue.forget(key)
        log.error(logged(outcome.error), 'reconciliation failed for good')
        return
      case 'error': {
        // A server may ask for a year: after our own longest pause we look again all the same.
        const longest = (this.#options.backoff ?? DEFAULT_BACKOFF).max
        const atLeastMs = Math.min(outcome.error.retryAfterMs ?? 0, longest)
        const retryInMs = this.#queue.retry(key, atLeastMs)
        const fields = { ...logged(outcome.error), failures: this.#queue.failures(key), retryInMs }
        if (outcome.error.kind === 'internal') log.error(fields, 'reconciliation failed')
        else log.warn(fields, 'reconciliation failed')
      }
    }
  }
}

function cancelled(message: string): TallymanError {
  return new TallymanError('CANCELLED', message)
}

/** Stack traces only for defects: for a registry that is down they say nothing. */
function logged(error: TallymanError): object {
  const { code, message, details, kind, cause } = error
  return kind === 'internal' ? { code, err: cause ?? error } : { code, reason: message, details }
}
