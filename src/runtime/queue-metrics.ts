import type { Metrics } from '#runtime/metrics.ts'
import type { WorkQueueObserver } from '#runtime/work-queue.ts'

/** Writes the steps of the queue `name` under controller-runtime's metric names. */
export function queueObserver(metrics: Metrics, name: string): WorkQueueObserver {
  metrics.count('workqueue_adds_total', { name }, 0)
  metrics.count('workqueue_retries_total', { name }, 0)
  metrics.set('workqueue_depth', { name }, 0)
  return {
    added: () => metrics.count('workqueue_adds_total', { name }),
    retried: () => metrics.count('workqueue_retries_total', { name }),
    depth: (ready) => metrics.set('workqueue_depth', { name }, ready),
    taken: (waitedMs) => metrics.observe('workqueue_queue_duration_seconds', { name }, waitedMs / 1000),
    worked: (tookMs) => metrics.observe('workqueue_work_duration_seconds', { name }, tookMs / 1000),
  }
}

/** Sets the two gauges that say how long work in progress takes already. */
export function observeUnfinished(metrics: Metrics, name: string, agesMs: readonly number[]): void {
  const sum = agesMs.reduce((total, age) => total + age, 0)
  metrics.set('workqueue_unfinished_work_seconds', { name }, sum / 1000)
  metrics.set('workqueue_longest_running_processor_seconds', { name }, Math.max(0, ...agesMs) / 1000)
}
