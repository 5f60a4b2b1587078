import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { EvictedIndexes, type EvictedIndexesParts } from '#controllers/evicted-indexes.ts'
import type { EvictedUse } from '#controllers/evicted-use.ts'
import type { KnownUsage } from '#inventory/in-use-index.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { digestOf } from '#test/harness/registry-facts.ts'

const NAMES = { host: 'r.example', aliases: [] }
const PART = { run: 'run', repository: 'shop/app', tag: 'v1', digest: digestOf('part'), at: 0 }
const OTHER = { ...PART, repository: 'shop/other', tag: 'v2', digest: digestOf('other') }
const INDEX = { repository: 'shop/app', digest: digestOf('index') }
const USE: KnownUsage = { snapshots: [snapshotOf([imageUse(`r.example/shop/app@${INDEX.digest}`)])] }
const NONE: KnownUsage = { snapshots: [] }
const HELD = { holders: new Map([[PART.digest, [INDEX]]]), damaged: undefined, askAgainAt: undefined }

function indexes(holders: EvictedIndexesParts['holders']) {
  const found: EvictedUse[] = []
  const failed: TallymanError[] = []
  const time = { passed: 0 }
  const watched = new EvictedIndexes({
    things: () => [PART, OTHER],
    holders,
    found: async (uses) => {
      found.push(...uses)
    },
    failed: (error) => failed.push(error),
    clock: { monotonic: () => time.passed },
    signal: new AbortController().signal,
  })
  return { watched, found, failed, time }
}

test('S35: what could not be read is tried again when it is looked next, whatever came into use since', async () => {
  let isDown = true
  const { watched, found, failed } = indexes(async (_, __, repositories) => {
    expect([...repositories]).toEqual(['shop/app', 'shop/other'])
    if (isDown) throw new TallymanError('REGISTRY_UNREACHABLE', 'no answer')
    return HELD
  })
  watched.look(USE, USE, NAMES)
  await watched.end()
  expect(found).toEqual([])
  expect(failed).toMatchObject([{ code: 'REGISTRY_UNREACHABLE' }])
  isDown = false
  watched.look(undefined, USE, NAMES)
  await watched.end()
  expect(found).toMatchObject([{ thing: PART, reason: { kind: 'reference' } }])
})

test('S35: of what came into use while nothing can be read, all that is in use is left in the end', async () => {
  const asked: KnownUsage[] = []
  let isDown = true
  const { watched, found, failed } = indexes(async (usage) => {
    asked.push(usage)
    if (isDown) throw new TallymanError('REGISTRY_UNREACHABLE', 'no answer')
    return HELD
  })
  for (let times = 0; times < 17; times++) {
    watched.look(NONE, USE, NAMES)
    await watched.end()
  }
  expect(failed).toHaveLength(1)
  isDown = false
  watched.look(undefined, USE, NAMES)
  await watched.end()
  expect(asked.at(-1)).toBe(USE)
  expect(found).toHaveLength(1)
})

test('S35: an index that is damaged keeps the others from nothing, and is told of', async () => {
  const damaged = new TallymanError('REGISTRY_DIGEST_MISMATCH', 'other bytes')
  const { watched, found, failed } = indexes(async () => ({ ...HELD, damaged }))
  watched.look(USE, USE, NAMES)
  await watched.end()
  expect(found).toHaveLength(1)
  expect(failed).toEqual([damaged])
})

test('S35: what cannot be read holds up nothing that can, and is told once', async () => {
  const { watched, found, failed } = indexes(async (usage) => {
    if (usage === NONE) throw new TallymanError('REGISTRY_FORBIDDEN', 'no')
    return HELD
  })
  watched.look(NONE, USE, NAMES)
  await watched.end()
  for (let times = 0; times < 2; times++) {
    watched.look(USE, USE, NAMES)
    await watched.end()
    watched.look(undefined, USE, NAMES)
    await watched.end()
  }
  expect(found).toHaveLength(2)
  expect(failed).toHaveLength(1)
})

test('S35: an index that was not there, or damaged, is asked for again when it is time, with all that is in use', async () => {
  const asked: KnownUsage[] = []
  const { watched, found, time } = indexes(async (usage) => {
    asked.push(usage)
    return asked.length === 1 ? { ...HELD, holders: new Map(), askAgainAt: 60_000 } : HELD
  })
  const look = async (changed?: KnownUsage) => {
    watched.look(changed, USE, NAMES)
    await watched.end()
  }
  await look(NONE)
  time.passed = 59_999
  await look()
  expect(asked).toEqual([NONE])
  time.passed = 60_000
  await look()
  await look()
  expect(asked).toEqual([NONE, USE])
  expect(found).toHaveLength(1)
})

test('a damaged index is told of once, for as long as it is damaged, whatever comes into use meanwhile', async () => {
  let damaged: readonly string[] = ['one']
  const { watched, failed, time } = indexes(async (usage) => {
    const [first] = usage === USE ? damaged : []
    const error = first === undefined ? undefined : new TallymanError('REGISTRY_DIGEST_MISMATCH', first)
    return { holders: new Map(), damaged: error, askAgainAt: error && time.passed + 60_000 }
  })
  const minute = async () => {
    watched.look(NONE, USE, NAMES)
    await watched.end()
    time.passed += 60_000
    watched.look(undefined, USE, NAMES)
    await watched.end()
  }
  watched.look(USE, USE, NAMES)
  await watched.end()
  for (const first of ['one', 'one', 'two', 'one', 'two']) {
    damaged = [first]
    await minute()
  }
  expect(failed.map(({ message }) => message)).toEqual(['one', 'two'])
  // Mended, and damaged again.
  damaged = []
  await minute()
  watched.look(USE, USE, NAMES)
  damaged = ['one']
  watched.look(USE, USE, NAMES)
  await watched.end()
  watched.look(USE, USE, NAMES)
  await watched.end()
  expect(failed.map(({ message }) => message)).toEqual(['one', 'two', 'one'])
})
