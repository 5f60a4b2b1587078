import { afterAll, beforeAll, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { journalOf } from '#evict/journal-shelf.ts'
import { diedOverwriting, type LeftOver } from '#test/harness/died-overwriting.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { carrierAt, policyWith, registryAt, WORKSPACE } from '#test/harness/policy-carrier.ts'

// What a run does is in src/evict, what forbids it in deletion-guard.test.ts, and both together in test/e2e/policy.test.ts.

const RUN = 'main-20261126t053000-1f2e'
const { signal } = new AbortController()

let site: EvictionSite
const left = new Map<string, LeftOver>()

beforeAll(async () => {
  site = await startEvictionSite('2.8')
  const shelf = { client: site.client, prefix: WORKSPACE }
  for (const repository of ['suspended', 'dry', 'held', 'unclaimed', 'unwatched']) {
    const journal = await journalOf(shelf, repository, RUN, { signal })
    left.set(repository, await diedOverwriting(site, repository, journal, 'before it arrived'))
  }
})
afterAll(() => site.stop())

const harmed = async () => undefined

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
    const registry = registryAt(site)
    const policy = policyWith({ mode: 'Enforce', suspend: false, ...spec })
    const carrier = carrierAt({ site, product: 'distribution-2', registry, policy: () => policy }, parts)
    const problems = await carrier.settle({ policy, registry, signal, harmed }, [{ repository, run: RUN }])
    expect(problems).toMatchObject([{ repository, error: { code } }])
    expect(await site.tags(repository)).toEqual(left.get(repository)?.own)
    const path = new RegExp(`/${repository}/manifests/`)
    const deletes = site.proxy.requests.filter((each) => each.method === 'DELETE' && path.test(each.path))
    // Those of the process that died: of a manifest that nobody has, and the one that it died at.
    expect(deletes).toHaveLength(2)
  },
)
