import { EvictedRestorer } from '#controllers/evicted-restorer.ts'
import { RegistryAccess } from '#controllers/registry-access.ts'
import { RegistryIndexes } from '#controllers/registry-indexes.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { SecretCache } from '#controllers/secret-cache.ts'
import { KnownJournals } from '#evict/known-journals.ts'
import type { KubeClient } from '#kube/client.ts'
import type { RegistryPool } from '#registry/pool.ts'
import type { EvictionSite } from '#test/harness/eviction.ts'
import { systemClock } from '#time/clock.ts'

/** The Registry `apps/shop` of a site, with a workspace in itself, and what brings back what was evicted there. */
export function restorerAt(
  site: EvictionSite,
  pool: RegistryPool,
  client: KubeClient,
): {
  readonly registry: RegistryObject
  readonly restorer: EvictedRestorer
  readonly indexes: RegistryIndexes
} {
  const registry: RegistryObject = {
    ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'Registry' },
    metadata: { name: 'shop', namespace: 'apps', uid: 'registry' },
    spec: { url: site.registry.url, workspace: { prefix: 'tallyman' } },
  }
  const access = new RegistryAccess(pool, new SecretCache(client, systemClock), {})
  const restorer = new EvictedRestorer({
    access,
    registries: { get: () => registry, list: () => [registry] },
    journals: new KnownJournals(),
    fence: { assertLeader: () => undefined, requestTimeoutMs: 5_000 },
    clock: systemClock,
  })
  return { registry, restorer, indexes: new RegistryIndexes(access, systemClock) }
}
