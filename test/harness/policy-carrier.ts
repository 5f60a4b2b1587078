import { PolicyCarrier, type PolicyCarrierParts } from '#controllers/policy-carrier.ts'
import { RegistryIndexes } from '#controllers/registry-indexes.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'
import { KnownCapabilities } from '#evict/capabilities.ts'
import { KnownJournals } from '#evict/known-journals.ts'
import type { Product } from '#registry/client.ts'
import type { EvictionSite } from '#test/harness/eviction.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { systemClock } from '#time/clock.ts'

const apiVersion = 'tallyman.dev/v1alpha1'
const metadata = { name: 'main', namespace: 'shop', uid: 'u', generation: 1 }

/** What the Registries of `registryAt` have as the prefix of their workspace. */
export const WORKSPACE = 'tallyman'

/** The Registry `shop/main`, with a workspace in itself. */
export function registryAt(site: EvictionSite): RegistryObject {
  return {
    ...{ apiVersion, kind: 'Registry', metadata },
    spec: { url: site.proxy.url, workspace: { prefix: WORKSPACE } },
  }
}

/** The RegistryPolicy `shop/main`. */
export function policyWith(spec: object): RegistryPolicyObject {
  return { apiVersion, kind: 'RegistryPolicy', metadata, spec }
}

export interface CarrierSite {
  readonly site: EvictionSite
  readonly product: Product
  readonly registry: RegistryObject
  /** As it is by now. */
  readonly policy: () => RegistryPolicyObject
}

/** The carrier of a process of its own that may delete, but for what `more` says otherwise. No inventory is watched. */
export function carrierAt(
  { site, product, registry, policy }: CarrierSite,
  more: Partial<PolicyCarrierParts> = {},
): PolicyCarrier {
  const opened = { client: site.client, product, authenticated: false, skewMs: 0, url: site.proxy.url }
  return new PolicyCarrier({
    access: { open: async () => opened },
    registries: { get: () => registry, list: () => [registry] },
    journals: new KnownJournals(),
    capabilities: new KnownCapabilities(systemClock),
    fence: { assertLeader: () => undefined },
    ...{ clock: systemClock, log: silentLog },
    claims: { hold: async () => undefined, assertHeld: () => undefined, claimsOf: () => [] },
    live: { all: () => [] },
    inventories: { list: () => [] },
    left: { read: async () => [] },
    indexes: new RegistryIndexes({ open: async () => opened }, systemClock),
    policies: { get: policy },
    heldBecause: () => undefined,
    ...more,
  })
}
