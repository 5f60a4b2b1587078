import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimOf } from '#inventory/claim.ts'
import { withHeld } from '#inventory/held-images.ts'
import { inUseIndex, type KnownUsage } from '#inventory/in-use-index.ts'
import { compilePins } from '#inventory/pins.ts'
import { compileRules } from '#retention/compiled-rule.ts'
import { judge } from '#retention/judge.ts'
import { lateUse } from '#retention/late-use.ts'
import { readRegistry } from '#scan/registry-reader.ts'
import { SeenManifests } from '#scan/seen-manifests.ts'
import { usedImages } from '#scan/used-images.ts'
import { UsedIndexes, type UsedIndexesQuestion } from '#scan/used-indexes.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { registryError } from '#test/harness/fault-proxy.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { containerImage, imageIndex, type TestImage } from '#test/harness/images.ts'
import { HOST, NEWEST } from '#test/harness/judging.ts'
import { evictionsOf } from '#test/harness/retention-at-once.ts'
import { type Clock, systemClock } from '#time/clock.ts'

const REPOSITORY = 'shop/multi'
const NAMES = { host: HOST, aliases: [] }
const { signal } = new AbortController()

/** Old platforms under tags of their own, and indexes without one that share them; the last contains another index. */
const PLATFORMS = [0, 1, 2, 3].map((at) =>
  containerImage({ seed: `platform ${at}`, created: '2026-04-01T00:00:00Z' }),
)
const overPlatforms = (...places: readonly number[]) =>
  imageIndex(
    'oci',
    PLATFORMS.filter((_, at) => places.includes(at)).map((image) => ({ image })),
  )
const FIRST = overPlatforms(0, 1)
const INDEXES = [FIRST, overPlatforms(1, 2), imageIndex('oci', [{ image: FIRST }]), overPlatforms(3)]
const OUTER = INDEXES[2] ?? FIRST
const LOST = overPlatforms(0, 2)
const nested = (...images: readonly TestImage[]) =>
  imageIndex(
    'oci',
    images.map((image) => ({ image })),
  )

let site: EvictionSite

beforeAll(async () => {
  site = await startEvictionSite('3')
  const newest = containerImage({ seed: 'newest', created: '2026-05-01T00:00:00Z' })
  site.storage.write(REPOSITORY, newest, 'newest')
  for (const [at, image] of PLATFORMS.entries()) site.storage.write(REPOSITORY, image, `platform-${at}`)
  for (const image of INDEXES) site.storage.write(REPOSITORY, image)
})
afterAll(() => site.stop())

const digest = ({ manifest }: TestImage) => manifest.digest
const below = (image: TestImage): string[] =>
  image.children.flatMap((child) => [digest(child), ...below(child)])
const byDigest = (image: TestImage) => `${HOST}/${REPOSITORY}@${digest(image)}`

const reads = () => site.proxy.counter({ path: new RegExp(`^/v2/${REPOSITORY}/manifests/`) })

function question(usage: KnownUsage, changes: Partial<UsedIndexesQuestion> = {}): UsedIndexesQuestion {
  return {
    ...{ repositories: [REPOSITORY], used: usedImages(usage, NAMES), known: new Set(), concurrency: 8 },
    ...{ client: async () => site.client, clock: systemClock, signal, ...changes },
  }
}
const using = (...images: readonly TestImage[]): KnownUsage => ({
  snapshots: [snapshotOf(images.map((image) => imageUse(byDigest(image))))],
})

/** Every way in which somebody may say that an index is in use. */
const WAYS: readonly ((image: TestImage) => KnownUsage)[] = [
  (image) => using(image),
  (image) => ({ snapshots: [snapshotOf([running(image)])] }),
  (image) => ({ snapshots: [snapshotOf([], { pins: compilePins([byDigest(image)]) })] }),
  (image) => ({ snapshots: [], claims: [claimOf(using(image).snapshots.map(whole), 'other', 0)] }),
  (image) => ({ snapshots: [], claims: [claimOf([snapshotOf([running(image)])], 'other', 0)] }),
]
const running = (image: TestImage) =>
  imageUse(`${HOST}/${REPOSITORY}:moved`, { runningDigests: [digest(image)] })
const whole = (snapshot: KnownUsage['snapshots'][number]) => snapshotOf(snapshot.images)

function decided(facts: Parameters<typeof lateUse>[0]['parts']['facts'], usage: KnownUsage) {
  return judge({
    ...{ facts, names: NAMES, rules: compileRules([NEWEST]), now: systemClock.now() },
    ...{ usage: inUseIndex(usage, NAMES), workspaces: [], restored: [], unusedSince: undefined },
  })
}
const scanned = (usage: KnownUsage) =>
  readRegistry({
    ...{ client: site.client, clock: systemClock, signal, concurrency: 8, workspaces: [] },
    used: usedImages(usage, NAMES),
  })

test('S35: whoever uses an index, and whenever that begins, nothing of it goes', async () => {
  const before = decided(await scanned({ snapshots: [] }), { snapshots: [] })
  const late = lateUse(before)
  expect(evictionsOf(before).flatMap(({ digests }) => digests)).toEqual(
    expect.arrayContaining(PLATFORMS.map(digest)),
  )
  const use = fc.tuple(fc.constantFrom(...INDEXES), fc.constantFrom(...WAYS))
  await fc.assert(
    fc.asyncProperty(fc.array(use, { minLength: 1, maxLength: 3 }), async (uses) => {
      const each = uses.map(([image, way]) => way(image))
      const usage = {
        snapshots: each.flatMap(({ snapshots }) => snapshots),
        claims: each.flatMap(({ claims = [] }) => claims),
      }
      const parts = [...new Set(uses.flatMap(([image]) => below(image)))]
      const going = evictionsOf(decided(await scanned(usage), usage)).flatMap(({ digests }) => digests)
      expect(going.filter((each) => parts.includes(each))).toEqual([])

      const known = before.parts.facts.manifests
      const { holders } = await new UsedIndexes().holders(question(usage, { known }))
      const index = withHeld(inUseIndex(usage, NAMES), holders)
      for (const part of parts) expect(late({ repository: REPOSITORY, digest: part }, index)).toBeDefined()
    }),
    { numRuns: 8 },
  )
})

test('reads an index with the indexes in it once, and none that a plan has read', async () => {
  const indexes = new UsedIndexes()
  const { holders } = await indexes.holders(question(using(OUTER)))
  expect([...holders.keys()].sort()).toEqual(below(OUTER).sort())
  expect(holders.get(digest(FIRST))).toEqual([{ repository: REPOSITORY, digest: digest(OUTER) }])
  const requests = site.proxy.counter()
  expect((await indexes.holders(question(using(OUTER)))).holders.size).toBe(below(OUTER).length)
  const known = new Set([digest(FIRST)])
  expect((await indexes.holders(question(using(FIRST), { known }))).holders.size).toBe(0)
  expect(requests.count).toBe(0)
})

test('what is not there contains nothing, and is asked for again after a minute', async () => {
  const indexes = new UsedIndexes()
  let passed = 0
  const clock: Clock = { ...systemClock, monotonic: () => passed }
  const ask = async () => (await indexes.holders(question(using(LOST), { clock }))).holders.size
  expect(await ask()).toBe(0)
  site.storage.write(REPOSITORY, LOST)
  passed = 59_999
  expect(await ask()).toBe(0)
  passed = 60_000
  expect(await ask()).toBe(2)
})

test('what stays away is asked for less and less often', async () => {
  const indexes = new UsedIndexes()
  let passed = 0
  const clock: Clock = { ...systemClock, monotonic: () => passed }
  const used = using(containerImage({ seed: 'never pushed' }))
  const waits: number[] = []
  for (let asked = 0; asked < 6; asked += 1) {
    const { askAgainAt = 0 } = await indexes.holders(question(used, { clock }))
    waits.push(askAgainAt - passed)
    passed = askAgainAt
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 16].map((minutes) => minutes * 60_000))
})

test('S35: an index in an index that is not there is asked for again, and the others count meanwhile', async () => {
  const missing = overPlatforms(1, 3)
  const outer = nested(FIRST, missing)
  site.storage.write(REPOSITORY, { ...outer, children: [] })
  const indexes = new UsedIndexes()
  let passed = 0
  const clock: Clock = { ...systemClock, monotonic: () => passed }
  const ask = async () => {
    const { holders, askAgainAt } = await indexes.holders(question(using(outer), { clock }))
    return { parts: [...holders.keys()].sort(), askAgainAt }
  }
  const parts = [digest(missing), digest(FIRST), ...below(FIRST)].sort()
  expect(await ask()).toEqual({ parts, askAgainAt: 60_000 })
  expect(await ask()).toEqual({ parts, askAgainAt: 60_000 })
  site.storage.write(REPOSITORY, missing)
  passed = 60_000
  const all = [...new Set(below(outer))].sort()
  expect(await ask()).toEqual({ parts: all, askAgainAt: undefined })
})

test('S03: what is absent costs two looks once, and one look after that; its age begins when everything was read', async () => {
  const used = using(...[1, 2, 3].map((at) => containerImage({ seed: `never pushed ${at}` })))
  const indexes = new UsedIndexes()
  let passed = 0
  const sleep = async () => {
    passed += 40_000
  }
  const clock: Clock = { ...systemClock, sleep, monotonic: () => passed }
  const looks = async () => {
    const requests = reads()
    const { askAgainAt } = await indexes.holders(question(used, { clock, concurrency: 1 }))
    return [requests.count, askAgainAt]
  }
  expect(await looks()).toEqual([6, 180_000])
  expect(await looks()).toEqual([0, 180_000])
  passed = 180_000
  expect(await looks()).toEqual([3, 300_000])
})

test('reads an index that several contain once', async () => {
  const requests = reads()
  const { holders } = await new UsedIndexes().holders(question(using(OUTER, FIRST)))
  expect(holders.get(digest(PLATFORMS[0] ?? FIRST))).toHaveLength(2)
  expect(requests.count).toBe(2)
})

test('S35: an index that is too large to be read whole is said, and keeps the others from nothing', async () => {
  const deep = [1, 2, 3, 4, 5].reduce((inner) => nested(inner), FIRST)
  const many = Array.from({ length: 1_000 }, (_, at) => ({ image: FIRST, annotations: { at: `${at}` } }))
  const wide = nested(...many.map((entry) => imageIndex('oci', [entry])))
  site.storage.write(REPOSITORY, deep)
  site.storage.write(REPOSITORY, { ...wide, children: [] })
  for (const [image, expected] of [
    [deep, 5],
    [wide, 1],
  ] as const) {
    const requests = reads()
    const { holders, damaged, askAgainAt } = await new UsedIndexes().holders(question(using(image)))
    expect(damaged).toMatchObject({ code: 'REGISTRY_TOO_LARGE' })
    expect([requests.count, holders.size, askAgainAt]).toEqual([expected, 0, undefined])
  }
  const { holders } = await new UsedIndexes().holders(question(using(deep, FIRST)))
  expect([...holders.keys()].sort()).toEqual(below(FIRST).sort())
})

test('S35: says which index cannot be read, and fails where the registry does not say', async () => {
  const manifest = { path: `/v2/${REPOSITORY}/manifests/${digest(FIRST)}` }
  const indexes = new UsedIndexes()
  const corrupt = site.proxy.rule({ kind: 'corrupt', offset: 20 }, manifest)
  const clock: Clock = { ...systemClock, monotonic: () => 0 }
  const { holders, damaged, askAgainAt } = await indexes.holders(question(using(FIRST, LOST), { clock }))
  corrupt()
  expect([damaged?.kind, askAgainAt]).toEqual(['damaged', 60_000])
  expect([...holders.keys()].sort()).toEqual(below(LOST).sort())
  const denied = site.proxy.rule(registryError(403, 'DENIED', 'no'), manifest)
  await expect(indexes.holders(question(using(FIRST)))).rejects.toMatchObject({ kind: 'denied' })
  denied()
  expect((await indexes.holders(question(using(FIRST)))).damaged).toBeUndefined()
})

test.each(['a plan', 'an earlier question'])(
  'what %s knows already is looked through in short turns, however many workers there are',
  async (who) => {
    const digests = Array.from({ length: 40_000 }, (_, at) => `sha256:${at}`)
    const seen = new SeenManifests()
    for (const each of digests) seen.set(`${REPOSITORY}@${each}`, { children: [], indexes: [] })
    let looked = 0
    let turn = 0
    let longest = 0
    const known = {
      has: () => {
        looked += 1
        longest = Math.max(longest, looked - turn)
        return who === 'a plan'
      },
    }
    const over = new AbortController()
    const turns = (async () => {
      for (; !over.signal.aborted; turn = looked) await setImmediate()
    })()
    const used = { digests: () => digests }
    const { holders } = await new UsedIndexes(seen).holders(
      question({ snapshots: [] }, { used, known, concurrency: 64 }),
    )
    over.abort()
    await turns
    expect([holders.size, looked]).toEqual([0, digests.length])
    expect(longest).toBeLessThan(5_000)
  },
)
