import { NodeSource } from '#clusters/node-source.ts'
import { PodSource } from '#clusters/pod-source.ts'
import type { ClusterView } from '#inventory/snapshot.ts'
import { nodeCodec, podCodec } from '#kube/codecs.ts'
import type { ClusterConnection } from '#kube/connection.ts'
import type { Log } from '#kube/log.ts'
import { Reflector, type ReflectorObserver, type ReflectorState } from '#kube/reflector.ts'
import { NODES, PODS } from '#kube/resource.ts'
import type { Clock } from '#time/clock.ts'

/** Makes the observer of one watch; `resource` is the plural. */
export type WatchObserverFactory = (cluster: string, resource: string) => ReflectorObserver

export interface ClusterWatchOptions {
  readonly name: string
  readonly connection: ClusterConnection
  readonly clock: Clock
  readonly log: Log
  readonly observer?: WatchObserverFactory | undefined
  /** Called after each change of what is held; must not throw. */
  readonly onChange: () => void
}

/** Everything that is watched in one cluster, and whether it is complete and live. */
export class ClusterWatch {
  readonly name: string
  readonly pods: PodSource
  readonly nodes: NodeSource
  readonly #clock: Clock
  readonly #reflectors: readonly { resource: string; reflector: Watched }[]
  #synced = false
  #reason: string | undefined
  #since: number

  constructor({ name, connection, clock, log, observer, onChange }: ClusterWatchOptions) {
    this.name = name
    this.#clock = clock
    this.#since = clock.now()
    this.pods = new PodSource(onChange)
    this.nodes = new NodeSource(onChange)
    const common = { connection, clock, log }
    this.#reflectors = [
      {
        resource: PODS.plural,
        reflector: new Reflector({
          ...common,
          resource: PODS,
          codec: podCodec(),
          sink: this.pods,
          observer: observer?.(name, PODS.plural),
        }),
      },
      {
        resource: NODES.plural,
        reflector: new Reflector({
          ...common,
          resource: NODES,
          codec: nodeCodec(),
          sink: this.nodes,
          observer: observer?.(name, NODES.plural),
        }),
      },
    ]
    this.refresh()
  }

  start(): void {
    for (const { reflector } of this.#reflectors) reflector.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map(({ reflector }) => reflector.stop()))
  }

  /** Resolves once all watches are synced. @throws CANCELLED when the signal aborts or the watch is stopped first */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map(({ reflector }) => reflector.whenSynced(signal)))
  }

  /** As of the last `refresh`. */
  get view(): ClusterView {
    return {
      name: this.name,
      synced: this.#synced,
      pods: this.pods.table.size,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      since: this.#since,
    }
  }

  /** Looks at the watches: time alone makes one stale. True: `view` differs from before in more than pods. */
  refresh(): boolean {
    const reasons = this.#reflectors.flatMap(({ resource, reflector }) =>
      reflector.synced ? [] : [`${resource}: ${whyNotSynced(reflector.state)}`],
    )
    const reason = reasons.length === 0 ? undefined : reasons.join('; ')
    if (reason === this.#reason) return false
    this.#reason = reason
    if (this.#synced !== (reason === undefined)) {
      this.#synced = reason === undefined
      this.#since = this.#clock.now()
    }
    return true
  }
}

type Watched = Pick<Reflector<never>, 'start' | 'stop' | 'synced' | 'state' | 'whenSynced'>

function whyNotSynced({ lastError, resourceVersion, phase }: ReflectorState): string {
  if (phase === 'stopped') return 'no longer watched'
  if (lastError !== undefined) return lastError.message
  return resourceVersion === '' ? 'not listed yet' : 'the watch has given no sign of life'
}
