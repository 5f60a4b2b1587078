import { type ClusterOptions, startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { deleteKeys, type Keys, readKeys } from '#test/harness/etcd/keys.ts'
import { createStateDir } from '#test/harness/state-dir.ts'

/** A cluster that waits for the next test file of this process. */
interface Kept {
  readonly cluster: TestCluster
  readonly etcdUrl: string
  readonly crds: boolean
  /** What its etcd held before it was lent. */
  readonly empty: Keys
}

const kept: Kept[] = []

/** What the API server itself writes at any time. */
const RESTLESS =
  /^\/registry\/(leases\/kube-system|masterleases|peerserverleases|apiregistration\.k8s\.io\/apiservices|flowschemas|prioritylevelconfigurations)\//
/** An API server goes on serving a kind for a while when its definition has gone. */
const KINDS = /^\/registry\/apiextensions\.k8s\.io\//

/**
 * As startCluster, without controllers and nodes, for tests that leave the API server alone: what `stop` gives back is emptied and
 * lent to the next file of this process, which saves the start. One whose API server was stopped, or where something
 * was changed that had been there before, is not lent again.
 */
export async function borrowCluster({
  crds = false,
}: Pick<ClusterOptions, 'crds'> = {}): Promise<TestCluster> {
  const at = kept.findIndex((one) => one.crds === crds)
  const [found] = at < 0 ? [] : kept.splice(at, 1)
  if (found !== undefined) return await lend(found)
  const cluster = await startCluster({ controllers: false, crds })
  const { etcdUrl } = cluster
  // One that runs already (TALLYMAN_TEST_KUBECONFIG) is not ours to empty.
  if (etcdUrl === undefined) return cluster
  return await lend({ cluster, etcdUrl, crds, empty: await readKeys(etcdUrl) })
}

async function lend(one: Kept): Promise<TestCluster> {
  const { cluster } = one
  const state = await createStateDir('borrowed')
  let stopped = false
  return {
    ...cluster,
    stateDir: state.path,
    stopApiServer: async (options) => {
      stopped = true
      await cluster.stopApiServer(options)
    },
    stop: async () => {
      // One that nobody uses costs a fiftieth of a processor: no second of a kind waits.
      const isWanted = () => !stopped && kept.every(({ crds }) => crds !== one.crds)
      // Others may have been given back while this one was emptied.
      if (isWanted() && (await emptied(one)) && isWanted()) kept.push(one)
      else await cluster.stop()
      await state.remove()
    },
  }
}

/** Deletes in etcd what was added. @returns whether it is as before */
async function emptied({ etcdUrl, empty }: Kept): Promise<boolean> {
  const now = await readKeys(etcdUrl)
  const added = [...now.keys()].filter((key) => !empty.has(key) && !RESTLESS.test(key))
  const changed = [...empty].filter(([key, revision]) => !RESTLESS.test(key) && now.get(key) !== revision)
  if (changed.length > 0 || added.some((key) => KINDS.test(key))) return false
  await deleteKeys(etcdUrl, added)
  return true
}
