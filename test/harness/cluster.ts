import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { program } from '#test/harness/binaries/programs.ts'
import { startApiServer } from '#test/harness/cluster/api-server.ts'
import { startControllers } from '#test/harness/cluster/controllers.ts'
import { installCrds } from '#test/harness/cluster/crds.ts'
import { createCredentials } from '#test/harness/cluster/credentials.ts'
import { startEtcd } from '#test/harness/cluster/etcd.ts'
import { useCluster } from '#test/harness/cluster/existing.ts'
import { kubeconfig } from '#test/harness/cluster/kubeconfig.ts'
import { Kubectl } from '#test/harness/cluster/kubectl.ts'
import { startNodes } from '#test/harness/cluster/nodes.ts'
import { createOperatorKubeconfig } from '#test/harness/cluster/operator-identity.ts'
import type { ClusterOptions, TestCluster } from '#test/harness/cluster/types.ts'
import { createStateDir } from '#test/harness/state-dir.ts'

export type { ClusterOptions, TestCluster } from '#test/harness/cluster/types.ts'

const NAMESPACE = 'tallyman-test'

/**
 * A real Kubernetes on loopback, new and empty: etcd, kube-apiserver, and as asked for controllers, scheduler, KWOK
 * nodes and our CRDs. Everything ends with `stop`, at the latest with this process.
 * With TALLYMAN_TEST_KUBECONFIG set, the cluster of that kubeconfig is used instead (see useCluster).
 */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const existing = process.env.TALLYMAN_TEST_KUBECONFIG
  if (existing !== undefined && existing !== '') return useCluster(existing, options)
  // What was started, latest first: the order in which it is stopped, also when a later part does not start.
  const cleanups: (() => Promise<void>)[] = []
  const stop = async () => {
    for (let cleanup = cleanups.shift(); cleanup !== undefined; cleanup = cleanups.shift()) await cleanup()
  }
  try {
    return await assemble(options, (cleanup) => cleanups.unshift(cleanup), stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function assemble(
  options: ClusterOptions,
  onStop: (cleanup: () => Promise<void>) => void,
  stop: () => Promise<void>,
): Promise<TestCluster> {
  const { nodes = 0, arm64Nodes = 0, crds = false, signal } = options
  const { controllers = nodes + arm64Nodes > 0 } = options
  const state = await createStateDir('cluster')
  onStop(state.remove)
  const stateDir = state.path

  const [etcd, credentials] = await Promise.all([startEtcd(stateDir, signal), createCredentials(stateDir)])
  onStop(etcd.stop)
  const api = await startApiServer({
    stateDir,
    etcdUrl: etcd.url,
    credentials,
    serviceAccountAdmission: controllers,
    signal,
  })
  onStop(api.close)

  const adminKubeconfig = path.join(stateDir, 'admin.kubeconfig')
  const admin = kubeconfig({
    server: api.url,
    caPem: api.caPem,
    user: 'admin',
    token: credentials.adminToken,
  })
  await writeFile(adminKubeconfig, admin, { mode: 0o600 })
  const kubectl = new Kubectl(await program('kubectl'), adminKubeconfig, path.join(stateDir, 'kubectl-cache'))
  await kubectl.run(['create', 'namespace', NAMESPACE])

  signal?.throwIfAborted()
  const shared = { stateDir, kubeconfig: adminKubeconfig, signal }
  await all([
    controllers &&
      startControllers({
        ...shared,
        signingKeyFile: credentials.signingKeyFile,
        caFile: api.caFile,
      }).then((running) => onStop(running.stop)),
    nodes + arm64Nodes > 0 &&
      startNodes({ ...shared, kubectl, amd64: nodes, arm64: arm64Nodes }).then((running) =>
        onStop(running.stop),
      ),
    crds && installCrds(kubectl),
  ])
  signal?.throwIfAborted()

  return {
    adminKubeconfig,
    server: api.url,
    caPem: api.caPem,
    stateDir,
    etcdUrl: etcd.url,
    namespace: NAMESPACE,
    kubectl: (args, callOptions) => kubectl.run(args, callOptions),
    apply: (yamlOrObjects) => kubectl.apply(yamlOrObjects),
    operatorKubeconfig: ({ server, caPem } = {}) =>
      createOperatorKubeconfig({
        stateDir,
        kubectl,
        server: server ?? api.url,
        caPem: server === undefined ? api.caPem : caPem,
      }),
    stopApiServer: ({ kill = false } = {}) => (kill ? api.kill() : api.stop()),
    startApiServer: () => api.start(),
    stop,
  }
}

/** Waits for all, also when one fails: what still starts must be known before everything is stopped. */
async function all(parts: readonly (Promise<void> | false)[]): Promise<void> {
  for (const result of await Promise.allSettled(parts)) {
    if (result.status === 'rejected') throw result.reason
  }
}
