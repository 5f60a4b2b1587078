import path from 'node:path'
import { IMAGE_INVENTORIES, REGISTRIES, REGISTRY_CHECKS } from '#controllers/resources.ts'
import { REQUESTED_AT } from '#crds/meta.ts'
import { NAMESPACES } from '#kube/resource.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { Api } from '../support/api.ts'
import { imageInventory, namespace, pod, registry, registryCheck } from '../support/objects.ts'
import { type FinalStatus, finalStatus } from './status.ts'

/** Short enough that a successor does not make the test wait, and longer than a busy machine makes a renewal wait. */
export const LEASE = ['--lease-duration', '3s', '--renew-deadline', '1500ms', '--retry-period', '300ms']
export const TOKEN = 'asked'

/** A cluster and a registry, both behind proxies that see every request of the operator. */
export class Lane {
  readonly #cluster: TestCluster
  readonly #registry: TestRegistry
  readonly #proxies: { readonly api: FaultProxy; readonly registry: FaultProxy }
  readonly #api: Api
  readonly #kubeconfig: string
  #operators = 0

  private constructor(
    cluster: TestCluster,
    server: TestRegistry,
    proxies: { api: FaultProxy; registry: FaultProxy },
    api: Api,
    kubeconfig: string,
  ) {
    this.#cluster = cluster
    this.#registry = server
    this.#proxies = proxies
    this.#api = api
    this.#kubeconfig = kubeconfig
  }

  /** Three images in use, of which one has lost a layer. */
  static async start(): Promise<Lane> {
    const [cluster, server] = await Promise.all([
      borrowCluster({ crds: true }),
      startRegistry({ version: '2.8' }),
    ])
    const proxies = {
      api: await startFaultProxy({ upstream: cluster.server, upstreamCa: cluster.caPem ?? '', tls: true }),
      registry: await startFaultProxy({ upstream: server.url }),
    }
    const names = ['whole', 'other', 'broken']
    const writer = new StorageWriter(server.storageDir)
    for (const name of names) writer.write(`app/${name}`, containerImage({ seed: name }), '1')
    damage('layer-missing', { storageDir: server.storageDir, repository: 'app/broken', reference: '1' })
    const host = proxies.registry.host
    await cluster.apply(
      names.map((name) => pod({ namespace: cluster.namespace, name }, `${host}/app/${name}:1`)),
    )
    const kubeconfig = await cluster.operatorKubeconfig({
      server: proxies.api.url,
      caPem: proxies.api.caPem ?? '',
    })
    return new Lane(cluster, server, proxies, await Api.connect(cluster), kubeconfig)
  }

  async stop(): Promise<void> {
    await this.#api.close()
    await this.#proxies.api.stop()
    await this.#proxies.registry.stop()
    await this.#registry.stop()
    await this.#cluster.stop()
  }

  /**
   * A whole run over new objects. The operator is killed when its n-th request arrives, before anything of it is carried
   * out, and another one finishes the work.
   * @returns the final status, and whether the run had an n-th request at all
   */
  async runKilledAt(n: number): Promise<{ killed: boolean; status: FinalStatus }> {
    const home = `${this.#cluster.namespace}-${n}`
    const main = { namespace: home, name: 'main' }
    const all = { namespace: home, name: 'all' }
    const asked = { ...main, annotations: { [REQUESTED_AT]: TOKEN } }
    await this.#api.create(NAMESPACES, namespace(home))
    await this.#api.create(
      IMAGE_INVENTORIES,
      imageInventory(all, { clusters: [{ name: 'local', floor: 1 }] }),
    )
    await this.#api.create(REGISTRIES, registry(main, { url: this.#proxies.registry.url, interval: '1h' }))
    await this.#api.create(REGISTRY_CHECKS, registryCheck(asked, { interval: '1h' }))
    const first = await this.#operator()
    const forget = this.#killAt(first, n)
    const ended = Symbol('ended')
    const result = await Promise.race([first.exited.then(() => ended), this.#final(home)])
    forget()
    const killed = result === ended
    const successor = killed ? await this.#operator() : first
    const status = await this.#final(home)
    await this.#api.checkRules(home)
    await successor.stop()
    await this.#api.delete(REGISTRY_CHECKS, main)
    await this.#api.delete(REGISTRIES, main)
    await this.#api.delete(IMAGE_INVENTORIES, all)
    return { killed, status }
  }

  #final(home: string): Promise<FinalStatus> {
    return eventually(() => finalStatus(this.#api, home, TOKEN), {
      timeoutMs: 120_000,
      intervalMs: 50,
      message: `the final status in ${home}`,
    })
  }

  #operator(): Promise<OperatorProcess> {
    this.#operators += 1
    const logFile = path.join(this.#cluster.stateDir, `operator-${this.#operators}.log`)
    return startOperator({ kubeconfig: this.#kubeconfig, logFile, args: LEASE, awaitListening: false })
  }

  /** Counts requests to API server and registry as one sequence. */
  #killAt(operator: OperatorProcess, n: number): () => void {
    let count = 0
    const onRequest = () => {
      count += 1
      if (count === n) operator.signal('SIGKILL')
    }
    const forgets = Object.values(this.#proxies).map((proxy) => proxy.onRequest(onRequest))
    return () => {
      for (const forget of forgets) forget()
    }
  }
}
