import { afterAll, beforeAll, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'
import { KnownCapabilities } from '#evict/capabilities.ts'
import { journalOf } from '#evict/journal-shelf.ts'
import { diedOverwriting, type LeftOver } from '#test/harness/died-overwriting.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { systemClock } from '#time/clock.ts'
import { PolicyCarrier, type PolicyCarrierParts } from './policy-carrier.ts'

// What a run does is in src/evict, what forbids it in deletion-guard.test.ts, and both together in test/e2e/policy.test.ts.

const apiVersion = 'tallyman.dev/v1alpha1'
const metadata = { name: 'main', namespace: 'shop', uid: 'u', generation: 1 }
const RUN = 'main-20261126t053000-1f2e'
const { signal } = new AbortController()

let site: EvictionSite
const left = new Map<string, LeftOver>()

beforeAll(async () => {
  site = await startEvictionSite('2.8')
  const shelf = { client: site.client, prefix: 'tallyman' }
  for (const repository of ['suspended', 'dry', 'held', 'unclaimed', 'unwatched']) {
    const journal = await journalOf(shelf, repository, RUN, { signal })
    left.set(repository, await diedOverwriting(site, repository, journal, 'before it arrived'))
  }
})
afterAll(() => site.stop())

/** A policy that may delete, but for what `parts` and its spec say otherwise. No inventory is watched yet. */
function carrierWith(parts: Partial<PolicyCarrierParts>, spec: object = {}) {
  const registry: RegistryObject = {
    ...{ apiVersion, kind: 'Registry', metadata },
    spec: { url: site.proxy.url, workspace: { prefix: 'tallyman' } },
  }
  const policy: RegistryPolicyObject = {
    ...{ apiVersion, kind: 'RegistryPolicy', metadata, spec: { mode: 'Enforce', suspend: false, ...spec } },
  }
  const opened = { client: site.client, product: 'distribution-2', authenticated: false } as const
  const carrier = new PolicyCarrier({
    access: { open: async () => ({ ...opened, skewMs: 0, url: site.proxy.url }) },
    registries: { get: () => registry, list: () => [registry] },
    capabilities: new KnownCapabilities(systemClock),
    fence: { assertLeader: () => undefined },
    ...{ clock: systemClock, log: silentLog },
    claims: { hold: async () => undefined, assertHeld: () => undefined, claimsOf: () => [] },
    live: { all: () => [] },
    inventories: { list: () => [] },
    policies: { get: () => policy },
    heldBecause: () => undefined,
    ...parts,
  })
  return { carrier, policy, registry }
}

const lost = () => {
  throw new TallymanError('CLAIM_LOST', 'the claim was read too long ago')
}
const claims = { hold: async () => lost(), assertHeld: lost, claimsOf: () => [] }

test.concurrent.each([
  ['S21', 'suspended', 'EVICTION_SUSPENDED', {}, { suspend: true }],
  ['S21', 'dry', 'EVICTION_SUSPENDED', {}, { mode: 'DryRun' }],
  ['S04', 'held', 'EVICTION_SUSPENDED', { heldBecause: () => 'a human has to look' }, {}],
  ['S01', 'unclaimed', 'CLAIM_LOST', { claims }, {}],
  ['S03', 'unwatched', 'BARRIER_NOT_REACHED', {}, {}],
] as const)(
  '%s: where a policy is %s, what a dead process left gives tags back and deletes nothing (%s)',
  async (_rule, repository, code, parts, spec) => {
    const { carrier, policy, registry } = carrierWith(parts, spec)
    const problems = await carrier.settle({ policy, registry, signal }, [{ repository, run: RUN }])
    expect(problems).toMatchObject([{ repository, error: { code } }])
    expect(await site.tags(repository)).toEqual(left.get(repository)?.own)
    const path = new RegExp(`/${repository}/manifests/`)
    const deletes = site.proxy.requests.filter((each) => each.method === 'DELETE' && path.test(each.path))
    // Those of the process that died: of a manifest that nobody has, and the one that it died at.
    expect(deletes).toHaveLength(2)
  },
)
