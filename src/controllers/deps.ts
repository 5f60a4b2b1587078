import type { EventRecorder } from '#runtime/events.ts'
import type { ObjectMetrics } from '#runtime/object-metrics.ts'
import type { StatusWriter } from '#runtime/status-writer.ts'
import type { Clock } from '#time/clock.ts'

/** What every controller works with. All writing goes through it, and all of it asks the fence first. */
export interface ControllerDeps {
  readonly clock: Clock
  readonly status: StatusWriter
  readonly events: EventRecorder
  readonly objectMetrics: ObjectMetrics
}
