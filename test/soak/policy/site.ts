import { Api } from '#test/e2e/support/api.ts'
import { imageInventory, registry, registryPolicy } from '#test/e2e/support/objects.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { PREFIX, type Shop, startShop, stopShop } from './shop.ts'

/** A real API server, and two real registries. */
export interface PolicySite {
  readonly cluster: TestCluster
  readonly api: Api
  readonly shops: readonly Shop[]
  readonly stop: () => Promise<void>
}

/** @param seed which of the registries keeps a trash */
export async function startPolicySite(seed: number, signal: AbortSignal): Promise<PolicySite> {
  // Latest first.
  const cleanups: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup()
  }
  try {
    const cluster = await startCluster({ crds: true, signal })
    cleanups.unshift(cluster.stop)
    const api = await Api.connect(cluster)
    cleanups.unshift(() => api.close())
    const shops: Shop[] = []
    for (const [at, version] of (['2.8', '3'] as const).entries()) {
      const shop = await startShop(version, (seed + at) % 2 === 0 ? 'Trash' : 'Delete', signal)
      cleanups.unshift(() => stopShop(shop))
      shops.push(shop)
    }
    return { cluster, api, shops, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A policy for each registry that enforces all the time, and lets go of what is a second old. */
export async function applyPolicies({ cluster, shops }: PolicySite): Promise<void> {
  const { namespace } = cluster
  const clusters = [{ name: 'local', floor: 5, maxShrinkPercent: 100 }]
  const limits = { minImagesInUse: 5, maxEvictionPercent: 100 }
  const keep = { newest: 2, tags: ['keep-*'], youngerThan: '1s' }
  await cluster.apply([
    imageInventory({ namespace, name: 'all' }, { clusters }),
    ...shops.flatMap(({ name, front, onEvict }) => [
      registry({ namespace, name }, { url: front.url, workspace: { prefix: PREFIX }, interval: '30s' }),
      registryPolicy(
        { namespace, name },
        {
          ...{ registryRef: { name }, mode: 'Enforce', soak: '1s', interval: '2s', onEvict, limits },
          ...{ trash: { gcWindow: '2s' }, rules: [{ name: 'newest', repositories: ['**'], keep }] },
        },
      ),
    ]),
  ])
}
