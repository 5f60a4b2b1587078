import type { Metrics } from '#runtime/metrics.ts'
import { LOW_PRIORITY, type WorkQueueObserver } from '#runtime/work-queue.ts'

/**
 * Writes the steps of the queue of `controller` under controller-runtime's metric names, with its labels: there too the
 * name of a queue is that of its controller.
 */
export function queueObserver(metrics: Metrics, controller: string): WorkQueueObserver {
  const labels = { name: controller, controller }
  const depth = (priority: number, ready: number) =>
    metrics.set('workqueue_depth', { ...labels, priority: String(priority) }, ready)
  metrics.count('workqueue_adds_total', labels, 0)
  metrics.count('workqueue_retries_total', labels, 0)
  for (const priority of [0, LOW_PRIORITY]) depth(priority, 0)
  return {
    added: () => metrics.count('workqueue_adds_total', labels),
    retried: () => metrics.count('workqueue_retries_total', labels),
    depth,
    taken: (waitedMs) => metrics.observe('workqueue_queue_duration_seconds', labels, waitedMs / 1000),
    worked: (tookMs) => metrics.observe('workqueue_work_duration_seconds', labels, tookMs / 1000),
  }
}

/** Sets the two gauges that say how long work in progress takes already. */
export function observeUnfinished(metrics: Metrics, controller: string, agesMs: readonly number[]): void {
  const labels = { name: controller, controller }
  const sum = agesMs.reduce((total, age) => total + age, 0)
  metrics.set('workqueue_unfinished_work_seconds', labels, sum / 1000)
  metrics.set('workqueue_longest_running_processor_seconds', labels, Math.max(0, ...agesMs) / 1000)
}
