import type { ClusterConnection } from '#kube/connection.ts'
import { jsonCodec } from '#kube/json-codec.ts'
import type { Log } from '#kube/log.ts'
import { Reflector, type ReflectorState, type WatchLoop } from '#kube/reflector.ts'
import type { Resource } from '#kube/resource.ts'
import type { Metrics } from '#runtime/metrics.ts'
import { ObjectStore, type Stored } from '#runtime/object-store.ts'
import { watchObserver } from '#runtime/watch-metrics.ts'
import type { Clock } from '#time/clock.ts'

/** Something that must be complete before work begins. */
export interface Cache extends WatchLoop {
  readonly synced: boolean
  readonly state: WatchLoop['state'] & Pick<ReflectorState, 'lastError'>
  start(): void
  stop(): Promise<void>
  whenSynced(signal?: AbortSignal): Promise<void>
}

export interface ResourceWatchOptions<T> {
  readonly connection: ClusterConnection
  readonly resource: Resource
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined
  /** Makes of a JSON object what the store keeps; see customObjectReader. */
  readonly read: (raw: unknown) => T
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** The one reader of a kind: a list+watch that feeds a store, shared by every controller that needs the kind. */
export class ResourceWatch<T extends Stored> implements Cache {
  readonly name: string
  readonly store: ObjectStore<T>
  readonly #reflector: Reflector<T>

  constructor(options: ResourceWatchOptions<T>) {
    const { connection, resource, namespace, read, clock, log, metrics } = options
    this.name = resource.plural
    this.store = new ObjectStore(log)
    this.#reflector = new Reflector({
      connection,
      resource,
      namespace,
      codec: jsonCodec(read),
      sink: this.store,
      clock,
      log,
      observer: watchObserver(metrics, clock, connection.name, resource.plural),
    })
  }

  get synced(): boolean {
    return this.#reflector.synced
  }

  get state(): ReflectorState {
    return this.#reflector.state
  }

  start(): void {
    this.#reflector.start()
  }

  stop(): Promise<void> {
    return this.#reflector.stop()
  }

  whenSynced(signal?: AbortSignal): Promise<void> {
    return this.#reflector.whenSynced(signal)
  }
}
