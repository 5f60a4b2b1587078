import { afterAll, beforeAll, expect, test } from 'vitest'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { EvictedThings } from '#evict/evicted-things.ts'
import { journalOf } from '#evict/journal-shelf.ts'
import { copyToTrash, trashBelow } from '#evict/trash.ts'
import { evictTags } from '#test/harness/evicted.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { snapshotOf } from '#test/harness/image-use.ts'
import { containerImage } from '#test/harness/images.ts'
import { carrierAt, policyWith, registryAt, WORKSPACE } from '#test/harness/policy-carrier.ts'
import { systemClock } from '#time/clock.ts'

const RUN = 'main-20261126t053000-1f2e'
const DAY = 86_400_000
const { signal } = new AbortController()

let site: EvictionSite

beforeAll(async () => {
  site = await startEvictionSite('3')
})
afterAll(() => site.stop())

/** Two tags of a repository went, with copies in the trash. */
async function taken(repository: string) {
  const images = { v1: containerImage({ seed: 'v1' }), v2: containerImage({ seed: 'v2' }) }
  for (const [tag, image] of Object.entries(images)) site.storage.write(repository, image, tag)
  const journal = await journalOf({ client: site.client, prefix: WORKSPACE }, repository, RUN, {})
  const digests = Object.values(images).map(({ manifest }) => manifest.digest)
  await copyToTrash(site.hands(repository, { journal }).hands, trashBelow(WORKSPACE), digests)
  const kept = containerImage({ seed: 'kept' })
  await evictTags(site, { run: RUN, repository, tags: { ...images, kept }, doomed: ['v1', 'v2'] })
  const lies = ({ manifest }: typeof kept) => site.has(`${WORKSPACE}/trash/${repository}/1`, manifest.digest)
  return async () => [await lies(images.v1), await lies(images.v2)]
}

test('S19: what spec.restore asks for by now keeps its copy, though the run was to be purged when it did not', async () => {
  const lying = await taken('shop/app')
  const spec = RegistryPolicySpec.parse({
    ...{ registryRef: { name: 'main' }, inventoryRef: { name: 'all' }, mode: 'Enforce' },
    rules: [{ name: 'newest', repositories: ['**'], keep: { newest: 1 } }],
  })
  const registry = registryAt(site)
  const policy = policyWith(spec)
  let now = policyWith({ ...spec, restore: [{ repository: '**', tag: 'v1' }] })
  const snapshot = snapshotOf([], {
    barrier: { wall: Number.POSITIVE_INFINITY, monotonic: Number.POSITIVE_INFINITY },
  })
  const inventories = [{ key: 'shop/all', live: { barrier: async () => snapshot } }]
  const live = { all: () => inventories }
  const carrier = () => carrierAt({ site, product: 'distribution-3', registry, policy: () => now }, { live })
  const load = { policy, spec, registry, signal, restored: [], endsAt: Number.POSITIVE_INFINITY }
  const names = { host: new URL(site.proxy.url).host, aliases: [] }
  const run = { id: RUN, plan: '', repositories: ['shop/app'], startedAt: 0, finishedAt: 0 }
  const known = { went: new EvictedThings(), returned: [], unsettled: [] }
  const purge = () => carrier().purge({ ...load, names }, [run], known, systemClock.now() + DAY)

  expect(await purge()).toMatchObject({ over: new Set(), problems: [], stoppedBy: undefined })
  expect(await lying()).toEqual([true, false])

  now = policy
  expect(await purge()).toMatchObject({ over: new Set([RUN]), problems: [], stoppedBy: undefined })
  expect(await lying()).toEqual([false, false])
})
