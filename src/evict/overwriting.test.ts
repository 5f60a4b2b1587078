import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage } from '#test/harness/images.ts'
import type { SavedManifest } from './journal.ts'
import { Overwriting } from './overwriting.ts'
import { copied, copyOf } from './save.ts'

let site: EvictionSite

beforeAll(async () => {
  site = await startEvictionSite('2.8')
})
afterAll(() => site.stop())

/** @param isSlow the first 3 seconds pass before ten tags are written over @returns how many tags went with each placeholder */
async function overwritten(
  repository: string,
  read: readonly number[],
  { isSlow = false, bytes = 1e6 } = {},
) {
  const total = read.reduce((sum, count) => sum + count, 0)
  const names = Array.from({ length: total }, (_, n) => `t${String(n).padStart(2, '0')}`)
  const tags = Object.fromEntries(
    [...names, 'kept'].map((tag) => [tag, containerImage({ seed: `${repository}/${tag}` })]),
  )
  for (const [tag, image] of Object.entries(tags)) site.storage.write(repository, image, tag)
  let now = 0
  const guard = async () => {
    await undefined
    if (isSlow && now < 4_000) now += 600
  }
  const clock = { ...site.hands(repository).hands.clock, monotonic: () => now }
  const { hands, ended } = site.hands(repository, { guard, clock })
  const eviction = evictionOf(repository, tags, names)
  const told: string[] = []
  const overwriting = new Overwriting(hands, eviction, { tags: 10, bytes }, ({ tag }) => told.push(tag))
  let bindings = eviction.bindings
  for (const count of read) {
    const some = bindings.slice(0, count)
    bindings = bindings.slice(count)
    for await (const { items, copies } of copied(hands, some, count, ({ digest }) => digest)) {
      const manifests = new Map(
        [...copies].flatMap(([digest, copy]) => (typeof copy === 'object' ? [[digest, copy] as const] : [])),
      )
      await overwriting.add(items, manifests)
    }
  }
  await overwriting.finish()
  expect(Object.keys(await site.tags(repository))).toEqual(['kept'])
  expect(told.sort()).toEqual(names)
  expect(ended.map(({ outcome }) => outcome)).toEqual(names.map(() => 'untagged'))
  const saved: string[] = []
  for await (const record of hands.journal.read()) {
    if (record.kind === 'manifest') saved.push(record.digest)
    // The way back is there before anything is begun.
    if (record.kind === 'intent' && record.step.action === 'overwrite')
      for (const { digest } of record.step.bindings) expect(saved).toContain(digest)
  }
  expect(saved).toHaveLength(total)
  const writes = site.proxy.requests.filter(
    ({ method, path }) =>
      path.startsWith(`/v2/${repository}/manifests/`) && ['PUT', 'DELETE'].includes(method),
  )
  const stretches = writes.map(({ method }) => (method === 'PUT' ? '.' : '|')).join('')
  return stretches.split('|').map(({ length }) => length)
}

test.each([
  ['alone', [15], [10, 5, 0]],
  ['filled', [15, 25], [10, 10, 10, 10, 0]],
  ['short', [3, 3, 3], [9, 0]],
])('S17: a batch that is not full waits for what is read next: %s', async (name, read, expected) => {
  expect(await overwritten(name, read)).toEqual(expected)
})

test('S17: the next batch is as large as what the time was enough for, and larger again', async () => {
  expect(await overwritten('slow', [20, 20], { isSlow: true })).toEqual([8, 8, 10, 10, 4, 0])
})

test('S17: what waits is no more than fits into memory', async () => {
  const { byteLength } = containerImage({ seed: 'any' }).manifest.bytes
  expect(await overwritten('large', [3, 3, 2], { bytes: 3 * byteLength })).toEqual([3, 3, 2, 0])
})

test('S17: one that waited, and comes into use while it is written over, gets its own manifest back', async () => {
  const tags = Object.fromEntries(
    ['a', 'b', 'c', 'd'].map((tag) => [tag, containerImage({ seed: `waits/${tag}` })]),
  )
  for (const [tag, image] of Object.entries(tags)) site.storage.write('waits', image, tag)
  const isOver = () =>
    site.proxy.requests.some(({ method, path }) => method === 'PUT' && path === '/v2/waits/manifests/c')
  const { hands, ended } = site.hands('waits', { stillDoomed: ({ tag }) => tag !== 'c' || !isOver() })
  const eviction = evictionOf('waits', tags, ['a', 'b', 'c', 'd'])
  const overwriting = new Overwriting(hands, eviction, { tags: 2, bytes: 1e6 }, () => undefined)
  for (const bindings of [eviction.bindings.slice(0, 3), eviction.bindings.slice(3)]) {
    const manifests = new Map<string, SavedManifest>()
    for (const { digest } of bindings) {
      const copy = await copyOf(hands, digest)
      if (typeof copy === 'object') manifests.set(digest, copy)
    }
    await overwriting.add(bindings, manifests)
  }
  await overwriting.finish()
  expect(await site.tags('waits')).toEqual({ c: tags.c?.manifest.digest })
  expect(ended).toContainEqual({ tag: 'c', digest: tags.c?.manifest.digest, outcome: 'spared' })
})
