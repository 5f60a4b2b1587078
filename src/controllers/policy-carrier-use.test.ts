import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { EvictedThings } from '#evict/evicted-things.ts'
import { journalOf } from '#evict/journal-shelf.ts'
import { copyToTrash, trashBelow } from '#evict/trash.ts'
import { inUseIndex } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import { compileRules } from '#retention/compiled-rule.ts'
import { type Judgement, judge } from '#retention/judge.ts'
import { readRegistry } from '#scan/registry-reader.ts'
import { evictTags } from '#test/harness/evicted.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { containerImage, multiPlatformImage } from '#test/harness/images.ts'
import { NEWEST } from '#test/harness/judging.ts'
import { carrierAt, policyWith, registryAt, WORKSPACE } from '#test/harness/policy-carrier.ts'
import { evictionsOf } from '#test/harness/retention-at-once.ts'
import { systemClock } from '#time/clock.ts'

const NEW = containerImage({ seed: 'newest', created: '2026-05-01T00:00:00Z' })
const OLD = containerImage({ seed: 'old', created: '2026-04-01T00:00:00Z' })
const INDEX = multiPlatformImage({ seed: 'an index without a tag', created: '2026-04-01T00:00:00Z' })
const PLATFORM = INDEX.children[0] ?? OLD
const RUN = 'main-20261126t053000-1f2e'
const DAY = 86_400_000
const SPEC = RegistryPolicySpec.parse({
  ...{ registryRef: { name: 'main' }, inventoryRef: { name: 'all' }, rules: [NEWEST] },
  ...{ mode: 'Enforce', onEvict: 'Delete' },
})
const TELL = {
  progress: () => undefined,
  ended: () => undefined,
  gone: () => undefined,
  harmed: async () => undefined,
}
const { signal } = new AbortController()

describe.each([
  ['2.8', 'distribution-2'],
  ['3', 'distribution-3'],
] as const)('what a carrier takes from a registry %s', (version, product) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
    for (const repository of ['shop/damaged', 'shop/late', 'shop/trashed']) {
      site.storage.write(repository, NEW, '2.0')
      site.storage.write(repository, INDEX)
      site.storage.write(repository, OLD, '0.9')
      site.storage.tag(repository, PLATFORM.manifest.digest, '1.0-amd64')
    }
  })
  afterAll(() => site.stop())

  /** A carrier that knows of one use, and everything that both of its kinds of work are told. */
  function carrying(image: string) {
    const registry = registryAt(site)
    const policy = policyWith(SPEC)
    const uses = [imageUse(`${site.proxy.host}/${image}`)]
    const snapshot = snapshotOf(uses, {
      barrier: { wall: Number.POSITIVE_INFINITY, monotonic: Number.POSITIVE_INFINITY },
    })
    const inventories = [{ key: 'shop/all', live: { barrier: async () => snapshot } }]
    const live = { all: () => inventories }
    const carrier = carrierAt({ site, product, registry, policy: () => policy }, { live })
    const names = { host: site.proxy.host, aliases: [] }
    const load = { policy, spec: SPEC, registry, names, signal, restored: [], endsAt: Infinity }
    return { carrier, load }
  }

  /** By a plan of `shop/late` for which nothing is in use. */
  async function judged(names: RegistryNames): Promise<Judgement> {
    const facts = await readRegistry({
      ...{ client: site.client, clock: systemClock, signal, concurrency: 8, workspaces: [WORKSPACE] },
      ...{ repositories: ['shop/late'], used: { digests: () => [], tags: () => [] } },
    })
    return judge({
      ...{ facts, names, rules: compileRules([NEWEST]), now: systemClock.now() },
      ...{ usage: inUseIndex({ snapshots: [] }, names), workspaces: [], restored: [] },
      unusedSince: undefined,
    })
  }

  test('S35: nothing goes while an index in use is damaged', async () => {
    const repository = 'shop/damaged'
    const { carrier, load } = carrying(`${repository}@${INDEX.manifest.digest}`)
    const path = `/v2/${repository}/manifests/${INDEX.manifest.digest}`
    const corrupt = site.proxy.rule({ kind: 'corrupt', offset: 20 }, { path })
    const evictions = [{ repository, tags: new Map(), bindings: [], digests: [] }]
    const work = carrier.carry({ ...load, ...TELL, run: RUN, evictions, judgement: await judged(load.names) })
    await expect(work).rejects.toMatchObject({ kind: 'damaged' })
    corrupt()
  })

  test('S35: a platform stays whose index, without a tag, came into use after the plan', async () => {
    const { carrier, load } = carrying(`shop/late@${INDEX.manifest.digest}`)
    const judgement = await judged(load.names)
    const evictions = evictionsOf(judgement)
    expect(evictions.flatMap(({ bindings }) => bindings.map(({ tag }) => tag)).sort()).toEqual([
      '0.9',
      '1.0-amd64',
    ])
    const end = await carrier.carry({ ...load, ...TELL, run: RUN, evictions, judgement })
    expect(end).toMatchObject({ problems: [], stoppedBy: undefined })
    expect(Object.keys(await site.tags('shop/late')).sort()).toEqual(['1.0-amd64', '2.0'])
    expect(await site.has('shop/late', OLD.manifest.digest)).toBe(false)
    const pulled = await site.pull(`shop/late@${INDEX.manifest.digest}`)
    expect(pulled).toContain(PLATFORM.manifest.digest)
  })

  test('S35: a platform keeps its copy in the trash whose index is in use without a tag', async () => {
    const repository = 'shop/trashed'
    const journal = await journalOf({ client: site.client, prefix: WORKSPACE }, repository, RUN, {})
    const tags = { '0.9': OLD, '1.0-amd64': PLATFORM }
    const digests = Object.values(tags).map(({ manifest }) => manifest.digest)
    await copyToTrash(site.hands(repository, { journal }).hands, trashBelow(WORKSPACE), digests)
    const doomed = ['0.9', '1.0-amd64']
    await evictTags(site, { run: RUN, repository, tags: { ...tags, '2.0': NEW }, doomed })
    const { carrier, load } = carrying(`${repository}@${INDEX.manifest.digest}`)
    const run = { id: RUN, plan: '', repositories: [repository], startedAt: 0, finishedAt: 0 }
    const known = { went: new EvictedThings(), returned: [], unsettled: [] }
    const end = await carrier.purge(load, [run], known, systemClock.now() + DAY)
    expect(end).toMatchObject({ problems: [], stoppedBy: undefined })
    const lies = await Promise.all(
      digests.map((each) => site.has(`${WORKSPACE}/trash/${repository}/1`, each)),
    )
    expect(lies).toEqual([false, true])
  })
})
