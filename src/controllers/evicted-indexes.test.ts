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
const HELD = { holders: new Map([[PART.digest, [INDEX]]]), damaged: undefined }

function indexes(holders: EvictedIndexesParts['holders']) {
  const found: EvictedUse[] = []
  const failed: TallymanError[] = []
  const watched = new EvictedIndexes({
    things: () => [PART, OTHER],
    holders,
    found: (uses) => found.push(...uses),
    failed: (error) => failed.push(error),
    signal: new AbortController().signal,
  })
  return { watched, found, failed }
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
