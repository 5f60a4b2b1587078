import type { ReflectorObserver } from '#kube/reflector.ts'
import type { Metrics } from '#runtime/metrics.ts'
import type { Clock } from '#time/clock.ts'

/** Writes what happens to one watch into the catalogue's metrics. */
export function watchObserver(
  metrics: Metrics,
  clock: Clock,
  cluster: string,
  resource: string,
): ReflectorObserver {
  const labels = { cluster, resource }
  metrics.set('tallyman_watch_objects', labels, 0)
  return {
    restarted: (reason) => metrics.count('tallyman_watch_restarts_total', { ...labels, reason }),
    bytes: () => metrics.set('tallyman_watch_last_event_timestamp_seconds', labels, clock.now() / 1000),
    listed: (durationMs) =>
      metrics.observe('tallyman_watch_list_duration_seconds', labels, durationMs / 1000),
    objects: (count) => metrics.set('tallyman_watch_objects', labels, count),
  }
}
