import { type ClusterSources, clusterSources } from '#clusters/cluster-sources.ts'
import type { SourcesConfig } from '#clusters/sources-config.ts'
import type { ClusterUses } from '#inventory/cluster-uses.ts'
import type { Moment } from '#inventory/ledger/watched-time.ts'
import type { Platform } from '#inventory/snapshot.ts'
import type { SourceView } from '#inventory/source-view.ts'
import { KubeClient } from '#kube/client.ts'
import type { ClusterConnection } from '#kube/connection.ts'
import type { Log } from '#kube/log.ts'
import type { ReflectorObserver, WatchLoop } from '#kube/reflector.ts'
import type { Clock } from '#time/clock.ts'

/** Makes the observer of one watch; `resource` is the name of its source. */
export type WatchObserverFactory = (cluster: string, resource: string) => ReflectorObserver

export interface ClusterWatchOptions {
  readonly name: string
  readonly uses: ClusterUses
  readonly connection: ClusterConnection
  readonly sources: SourcesConfig
  /** For how long a pod counts after it finished, ms; absent: as long as it exists. */
  readonly retainMs: number | undefined
  readonly clock: Clock
  /** The time in the cluster, ms since the epoch. */
  readonly timeInCluster: () => number
  readonly log: Log
  readonly observer?: WatchObserverFactory | undefined
  /** Called after each change of what is held, and of how a source stands; must not throw. */
  readonly onChange: () => void
  /**
   * A list or watch has ended, or the next one gives its first answer: from now on it may be another cluster that answers. Called before
   * anything of that answer is held; must not throw.
   */
  readonly onReopen: () => void
}

/** Everything that is watched in one cluster over one connection. */
export class ClusterWatch {
  readonly #name: string
  readonly #sources: ClusterSources
  readonly #clock: Clock

  constructor(options: ClusterWatchOptions) {
    this.#clock = options.clock
    const { name, connection, clock, timeInCluster, log, observer, onChange, onReopen } = options
    this.#name = name
    this.#sources = clusterSources(options.sources, {
      ...{ connection, clock, timeInCluster, log, onChange },
      client: new KubeClient(connection),
      uses: options.uses,
      retainMs: options.retainMs,
      observe: (source) => noticing(observer?.(name, source), onReopen, onChange),
    })
  }

  get views(): SourceView[] {
    return this.#sources.all.map(({ view }) => view)
  }

  /** Named `cluster/source`. */
  loops(): WatchLoop[] {
    return this.#sources.all.flatMap(({ name, state }) =>
      state === undefined ? [] : [{ name: `${this.#name}/${name}`, state }],
    )
  }

  platforms(): readonly Platform[] {
    return this.#sources.platforms()
  }

  /** Lets go of pods that finished longer ago than they count. */
  sweep(): void {
    this.#sources.sweep()
  }

  start(): void {
    for (const source of this.#sources.all) source.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sources.all.map((source) => source.stop()))
  }

  /**
   * Proves that everything that was created before the moment it returns is held, as far as it still exists (S03). A source that does
   * not block counts as long as it is there.
   * @throws BARRIER_NOT_REACHED, KUBE_*, CANCELLED
   */
  async barrier(signal: AbortSignal, timeoutMs: number): Promise<Moment> {
    const begun = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() }
    const counted = this.#sources.all.filter(({ view }) => view.blocks || view.state === 'synced')
    await Promise.all(counted.map((source) => source.barrier(signal, timeoutMs)))
    return begun
  }
}

function noticing(
  observer: ReflectorObserver | undefined,
  onReopen: () => void,
  onChange: () => void,
): ReflectorObserver {
  let isAnswering = false
  return {
    restarted: (reason) => {
      isAnswering = false
      onReopen()
      observer?.restarted(reason)
    },
    bytes: (count) => {
      if (!isAnswering) onReopen()
      isAnswering = true
      observer?.bytes(count)
    },
    listed: (durationMs, objects) => {
      // Where the list was no watch, one follows.
      isAnswering = false
      // The list may be empty, and that it is known to be is a change.
      onChange()
      observer?.listed(durationMs, objects)
    },
    objects: (count) => observer?.objects(count),
  }
}
