import { setTimeout } from 'node:timers/promises'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import type { ReflectorSink } from '#kube/list-collector.ts'
import type { Log } from '#kube/log.ts'
import { type Resource, resourcePath } from '#kube/resource.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import type { FaultProxy } from '#test/harness/fault-proxy.ts'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { type Clock, systemClock } from '#time/clock.ts'

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
}

/** Real time in which pauses are forty times shorter: a test of many failures need not wait for backoff. */
export const hurriedClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => setTimeout(ms / 40, undefined, signal === undefined ? {} : { signal }),
}

interface Held {
  readonly uid: string
  readonly resourceVersion: string
}

/** A sink that holds uid → version and notices what a faultless reflector never does to it. */
export class RecordingSink implements ReflectorSink<Held> {
  items = new Map<string, string>()
  commits = 0
  aborts = 0
  /** Changes that brought the version that was held already. */
  duplicates = 0
  /** Deletions of what was not held. */
  strangers = 0
  #open = 0

  beginReplace() {
    const next = new Map<string, string>()
    this.#open += 1
    if (this.#open > 1) throw new Error('two replacements at once')
    return {
      add: ({ uid, resourceVersion }: Held) => void next.set(uid, resourceVersion),
      commit: () => {
        this.#open -= 1
        this.commits += 1
        this.items = next
      },
      abort: () => {
        this.#open -= 1
        this.aborts += 1
      },
    }
  }

  upsert({ uid, resourceVersion }: Held): void {
    if (this.items.get(uid) === resourceVersion) this.duplicates += 1
    this.items.set(uid, resourceVersion)
  }

  remove({ uid }: Held): void {
    if (!this.items.delete(uid)) this.strangers += 1
  }
}

/** What the API server holds: uid → version, by a plain list. */
export async function actual(
  connection: ClusterConnection,
  resource: Resource,
): Promise<Map<string, string>> {
  const { body } = await connection.request({ method: 'GET', path: resourcePath(resource, {}) })
  const { items }: { items: { metadata: Held }[] } = JSON.parse(Buffer.from(body).toString())
  return new Map(items.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]))
}

export interface ProxiedCluster {
  readonly proxy: FaultProxy
  /** As the operator, through the proxy. */
  readonly operator: ClusterConnection
  /** The file that `operator` is made by. */
  readonly operatorKubeconfig: string
  /** As administrator, past the proxy. */
  readonly admin: ClusterConnection
  readonly client: KubeClient
  close(): Promise<void>
}

/** A fault proxy in front of the cluster's API server, and connections through it and past it. */
export async function proxied(cluster: TestCluster): Promise<ProxiedCluster> {
  const proxy = await startFaultProxy({
    upstream: cluster.server,
    tls: true,
    ...(cluster.caPem === undefined ? { upstreamInsecure: true } : { upstreamCa: cluster.caPem }),
  })
  const trusted = proxy.caPem === undefined ? {} : { caPem: proxy.caPem }
  const kubeconfig = await cluster.operatorKubeconfig({ server: proxy.url, ...trusted })
  const operator = await connect({ kubeconfig, clock: systemClock })
  const admin = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  const close = async () => {
    await Promise.all([operator.close(), admin.close()])
    await proxy.stop()
  }
  return { proxy, operator, operatorKubeconfig: kubeconfig, admin, client: new KubeClient(admin), close }
}
