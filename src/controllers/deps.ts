import type { EventRecorder } from '#runtime/events.ts'
import type { Fence } from '#runtime/fence.ts'
import type { ObjectMetrics } from '#runtime/object-metrics.ts'
import type { StatusWriter } from '#runtime/status-writer.ts'
import type { Clock } from '#time/clock.ts'

/** What every controller works with. All writing goes through it, and all of it asks the fence first. */
export interface ControllerDeps {
  readonly clock: Clock
  /** For what is written elsewhere than in Kubernetes. */
  readonly fence: Fence
  readonly status: StatusWriter
  readonly events: EventRecorder
  readonly objectMetrics: ObjectMetrics
}
