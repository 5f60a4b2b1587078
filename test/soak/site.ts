import { KubeClient } from '#kube/client.ts'
import { readClusterIdentity } from '#kube/cluster-identity.ts'
import { kubeconfig } from '#test/harness/cluster/kubeconfig.ts'
import { OPERATOR_NAMESPACE, OPERATOR_SERVICE_ACCOUNT } from '#test/harness/cluster/operator-identity.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { type ProxiedCluster, proxied } from '#test/harness/reflected.ts'
import { MAY_READ_ROLLOUTS, ROLLOUT_CRD } from '#test/harness/rollout-crd.ts'

/** Where everything is that uses images. */
export const WORK = 'work'
/** Where the ImageInventory stands, and the Secrets that it names. */
export const INVENTORY_NAMESPACE = 'inventories'

/** One real API server behind a proxy. */
export interface Site {
  readonly name: string
  readonly cluster: TestCluster
  readonly link: ProxiedCluster
  /** UID of its kube-system. */
  readonly identity: string
}

export async function startSite(name: string, signal: AbortSignal): Promise<Site> {
  const cluster = await startCluster({ controllers: false, signal })
  try {
    const link = await proxied(cluster)
    await cluster.apply([namespace(WORK), namespace(INVENTORY_NAMESPACE), ROLLOUT_CRD, MAY_READ_ROLLOUTS])
    await cluster.apply([
      clusterRoleBinding('tallyman-reads-rollouts'),
      roleBinding(WORK, 'tallyman-helm-releases'),
      roleBinding(INVENTORY_NAMESPACE, 'tallyman-credentials'),
    ])
    const identity = await readClusterIdentity(new KubeClient(link.admin))
    return { name, cluster, link, identity }
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

export async function stopSite({ link, cluster }: Site): Promise<void> {
  await link.close()
  await cluster.stop()
}

/** Text of a kubeconfig of the operator through the proxy, with a token of its own. */
export async function newKubeconfig({ cluster, link: { proxy } }: Site): Promise<string> {
  const args = ['create', 'token', OPERATOR_SERVICE_ACCOUNT, '-n', OPERATOR_NAMESPACE, '--duration', '8h']
  const { stdout } = await cluster.kubectl(args)
  return kubeconfig({
    ...{ server: proxy.url, caPem: proxy.caPem },
    ...{ user: OPERATOR_SERVICE_ACCOUNT, token: stdout.trim() },
  })
}

const apiGroup = 'rbac.authorization.k8s.io'
const subjects = [{ kind: 'ServiceAccount', name: OPERATOR_SERVICE_ACCOUNT, namespace: OPERATOR_NAMESPACE }]

function namespace(name: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}

function roleBinding(where: string, role: string): object {
  const roleRef = { apiGroup, kind: 'ClusterRole', name: role }
  const metadata = { name: role, namespace: where }
  return { apiVersion: `${apiGroup}/v1`, kind: 'RoleBinding', metadata, roleRef, subjects }
}

function clusterRoleBinding(role: string): object {
  const roleRef = { apiGroup, kind: 'ClusterRole', name: role }
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: role },
    roleRef,
    subjects,
  }
}
