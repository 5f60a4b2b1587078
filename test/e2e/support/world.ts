import path from 'node:path'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { type ClusterOptions, startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { Api } from './api.ts'
import { credentialsBinding, imageInventory, namespace } from './objects.ts'

/** A cluster with the operator at work in it, as its own ServiceAccount and process. */
export interface World {
  readonly cluster: TestCluster
  readonly api: Api
  readonly operator: OperatorProcess
  readonly operatorUrl: string
  readonly logFile: string
  /** A new namespace. With `grant` (the default) the operator may read its Secrets, and it has an ImageInventory `all`. */
  namespace(label: string, options?: { grant?: boolean }): Promise<string>
  stop(): Promise<void>
}

/**
 * @param options `controllers`: they run, in a cluster of its own
 * @param operatorArgs further flags of the operator
 */
export async function startWorld(
  { controllers = false }: Pick<ClusterOptions, 'controllers'> = {},
  operatorArgs: readonly string[] = [],
): Promise<World> {
  const cluster = await (controllers
    ? startCluster({ controllers, crds: true })
    : borrowCluster({ crds: true }))
  const kubeconfig = await cluster.operatorKubeconfig()
  const logFile = path.join(cluster.stateDir, 'operator.log')
  const operator = await startOperator({ kubeconfig, logFile, args: operatorArgs })
  const api = await Api.connect(cluster)
  const namespaces: string[] = []
  return {
    cluster,
    api,
    operator,
    logFile,
    operatorUrl: await operator.url(),
    namespace: async (label, { grant = true } = {}) => {
      const name = `${cluster.namespace}-${label}`
      namespaces.push(name)
      const granted = grant
        ? [credentialsBinding(name), imageInventory({ namespace: name, name: 'all' })]
        : []
      await cluster.apply([namespace(name), ...granted])
      return name
    },
    stop: async () => {
      // On a cluster that is not ours they would stay.
      await cluster.kubectl(['delete', 'namespace', '--wait=false', '--ignore-not-found', ...namespaces])
      await api.close()
      await operator.stop()
      await cluster.stop()
    },
  }
}
