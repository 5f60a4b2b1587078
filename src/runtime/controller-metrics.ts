import type { Metrics } from '#runtime/metrics.ts'
import { observeUnfinished, queueObserver } from '#runtime/queue-metrics.ts'
import type { Outcome } from '#runtime/result.ts'
import type { WorkQueueObserver } from '#runtime/work-queue.ts'

/** What one controller tells under controller-runtime's names. Every series exists from the start, at 0. */
export class ControllerMetrics {
  readonly queue: WorkQueueObserver
  readonly #metrics: Metrics
  readonly #controller: string

  constructor(metrics: Metrics, controller: string, concurrency: number) {
    this.#metrics = metrics
    this.#controller = controller
    this.queue = queueObserver(metrics, controller)
    for (const result of ['success', 'requeue_after', 'error', 'cancelled'] as const) {
      metrics.count('controller_runtime_reconcile_total', { controller, result }, 0)
    }
    metrics.count('controller_runtime_reconcile_errors_total', { controller }, 0)
    metrics.count('controller_runtime_terminal_reconcile_errors_total', { controller }, 0)
    metrics.count('controller_runtime_reconcile_panics_total', { controller }, 0)
    metrics.count('controller_runtime_reconcile_timeouts_total', { controller }, 0)
    metrics.set('controller_runtime_max_concurrent_reconciles', { controller }, concurrency)
    metrics.set('controller_runtime_active_workers', { controller }, 0)
  }

  started(): void {
    this.#metrics.adjust('controller_runtime_active_workers', { controller: this.#controller }, 1)
  }

  ended(outcome: Outcome, tookMs: number): void {
    const labels = { controller: this.#controller }
    this.#metrics.adjust('controller_runtime_active_workers', labels, -1)
    this.#metrics.observe('controller_runtime_reconcile_time_seconds', labels, tookMs / 1000)
    const isTerminal = outcome.result === 'terminal_error'
    // As controller-runtime counts: what is not tried again is an error too, and counted once more on its own.
    const result = isTerminal ? 'error' : outcome.result
    this.#metrics.count('controller_runtime_reconcile_total', { ...labels, result })
    if (outcome.result !== 'error' && outcome.result !== 'terminal_error') return
    this.#metrics.count('controller_runtime_reconcile_errors_total', labels)
    if (isTerminal) this.#metrics.count('controller_runtime_terminal_reconcile_errors_total', labels)
    const { code } = outcome.error
    if (code === 'INTERNAL') this.#metrics.count('controller_runtime_reconcile_panics_total', labels)
    if (code === 'TIMED_OUT') this.#metrics.count('controller_runtime_reconcile_timeouts_total', labels)
  }

  /** @param agesMs how long each run goes on already */
  unfinished(agesMs: readonly number[]): void {
    observeUnfinished(this.#metrics, this.#controller, agesMs)
  }
}
