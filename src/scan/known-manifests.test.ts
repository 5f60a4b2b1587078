import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RegistryPool } from '#registry/pool.ts'
import type { ManifestFacts } from '#retention/facts.ts'
import { readRegistry } from '#scan/registry-reader.ts'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import {
  containerImage,
  cosignSignature,
  cosignTag,
  helmChart,
  multiPlatformImage,
} from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

const BUILT = '2026-05-01T00:00:00Z'
const APP = containerImage({ seed: 'app', created: BUILT })
const NEXT = containerImage({ seed: 'next', created: BUILT })
const MULTI = multiPlatformImage({ seed: 'multi' })
const UNDATED = containerImage({ seed: 'undated', created: null })
const CHART = helmChart('chart', '1.0.0')
const SIGNATURE = cosignSignature(APP)

describe.each(['2.8', '3'] as const)('manifests that earlier scans of a registry %s have read', (version) => {
  let registry: TestRegistry
  let proxy: FaultProxy
  let storage: StorageWriter

  beforeAll(async () => {
    registry = await startRegistry({ version })
    proxy = await startFaultProxy({ upstream: registry.url })
    storage = new StorageWriter(registry.storageDir)
    storage.write('shop/app', APP, 'v1')
    storage.write('shop/app', SIGNATURE, cosignTag(APP.manifest.digest, 'sig'))
    storage.write('shop/multi', MULTI, 'v1')
    storage.write('charts/shop', CHART, '1.0.0')
  })
  afterAll(async () => {
    await proxy.stop()
    await registry.stop()
  })

  /** A fresh process, as it were, and what it asked for of manifests and blobs. */
  async function scan(known?: ReadonlyMap<string, ManifestFacts>) {
    const before = proxy.count
    const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
    try {
      const facts = await readRegistry({
        client: pool.client({ url: proxy.url, limits: { concurrency: 8 } }),
        ...{ concurrency: 8, workspaces: [], used: { digests: () => [], tags: () => [] }, known },
        ...{ clock: systemClock, signal: AbortSignal.timeout(60_000) },
      })
      const sent = proxy.requests.slice(before).filter(({ path }) => /[/](manifests|blobs)[/]/.test(path))
      const count = (wanted: string) => sent.filter(({ method }) => method === wanted).length
      return { facts, heads: count('HEAD'), gets: count('GET') }
    } finally {
      await pool.close()
    }
  }

  test('are not read again: one HEAD for each tag and each child, and the same facts', async () => {
    const { facts: cold } = await scan()
    const { facts: warm, heads, gets } = await scan(cold.manifests)
    expect(heads).toBe(4 + MULTI.children.length)
    expect(gets).toBe(0)
    expect(warm.repositories).toEqual(cold.repositories)
    expect(warm.manifests).toEqual(cold.manifests)
  })

  test('are read where a tag names another one by now', async () => {
    const { facts: cold } = await scan()
    storage.write('shop/app', NEXT, 'v1')
    const { facts: warm } = await scan(cold.manifests)
    const app = warm.repositories.find(({ name }) => name === 'shop/app')
    expect(app?.tags.find(({ tag }) => tag === 'v1')?.digest).toBe(NEXT.manifest.digest)
    expect(warm.manifests.get(NEXT.manifest.digest)).toMatchObject({ created: Date.parse(BUILT) })
    storage.write('shop/app', APP, 'v1')
    expect((await scan(cold.manifests)).facts.manifests.has(NEXT.manifest.digest)).toBe(false)
  })

  test('are read again where an image has no date: its config may not have been readable', async () => {
    storage.write('shop/undated', UNDATED, 'v1')
    const { facts } = await scan()
    const known = facts.manifests.get(UNDATED.manifest.digest)
    expect(known).toMatchObject({ kind: 'image', created: undefined })
    const { heads, gets } = await scan(facts.manifests)
    // The manifest and the config.
    expect([heads, gets]).toEqual([5 + MULTI.children.length, 2])
  })

  test('S14: are no evidence that they are still there', async () => {
    const lost = containerImage({ seed: 'lost', created: BUILT })
    storage.write('shop/broken', lost, 'v1')
    const { facts: cold } = await scan()
    damage('manifest-missing', {
      ...{ storageDir: registry.storageDir, repository: 'shop/broken', reference: 'v1' },
    })
    const { facts: warm } = await scan(cold.manifests)
    const broken = warm.repositories.find(({ name }) => name === 'shop/broken')
    expect(broken?.incomplete).toEqual(expect.stringMatching(/^v1 could not be read/))
    expect(warm.manifests.has(lost.manifest.digest)).toBe(false)
  })
})
