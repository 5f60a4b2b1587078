import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { EvictedUse } from '#controllers/evicted-use.ts'
import { stillInUse } from '#controllers/still-in-use.ts'
import type { Evicted } from '#evict/evicted.ts'
import { parseReference } from '#inventory/reference.ts'
import type { HeldImages } from '#scan/used-indexes.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'

const NAMES = { host: 'r.example', aliases: [] }
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`
const thing = (tag: string | undefined, letter: string): Evicted => ({
  ...{ run: 'run', repository: 'app', tag, digest: digestOf(letter), at: 1 },
})
const use = (each: Evicted, ...belongsTo: Evicted[]): EvictedUse => ({
  ...{ thing: each, reason: { kind: 'reference', use: imageUse('r.example/app:any') }, belongsTo },
})
const [V1, PART] = [thing('v1', 'a'), thing(undefined, 'b')]
const SIGNATURE = use(thing(undefined, 'c'), V1)
const ALL = [use(V1), use(PART), SIGNATURE]
const NOTHING_HELD: HeldImages = { holders: new Map(), damaged: undefined, askAgainAt: undefined }

async function still(images: readonly string[], held: HeldImages | Error = NOTHING_HELD, remembered = false) {
  const uses = images.map((image) => imageUse(`r.example/${image}`))
  const kept = uses.map(({ image, users }) => ({
    ...{ image, cluster: 'c', users: users.map(({ name }) => name), digests: [], configs: [] },
    ...{ reference: parseReference(image), firstSeen: 0, lastSeen: 1 },
  }))
  const snapshot = remembered ? snapshotOf([], { remembered: kept }) : snapshotOf(uses)
  const found = await stillInUse(ALL, {
    ...{ usage: { snapshots: [snapshot] }, names: NAMES },
    holders: async () => {
      if (held instanceof Error) throw held
      return held
    },
  })
  return { used: found.used.map((each) => ALL.indexOf(each)), isWhole: found.isWhole }
}

const whole = (...used: number[]) => ({ used, isWhole: true })

test('what nothing names is not, nor what is only remembered', async () => {
  expect(await still([])).toEqual(whole())
  expect(await still(['app:v1'], NOTHING_HELD, true)).toEqual(whole())
})

test('what is named is, and what belongs to it', async () => {
  expect(await still(['app:v1'])).toEqual(whole(0, 2))
  expect(await still([`app@${PART.digest}`])).toEqual(whole(1))
})

test('S35: what an index in use contains is', async () => {
  const index = { repository: 'app', digest: digestOf('f') }
  const held = { ...NOTHING_HELD, holders: new Map([[PART.digest, [index]]]) }
  expect(await still([`app@${index.digest}`], held)).toEqual(whole(1))
})

test('where an index in use is damaged or cannot be read, nobody knows that of the rest; by one that is not there nobody can pull', async () => {
  const part = { used: [0, 2], isWhole: false }
  const damaged = new TallymanError('REGISTRY_MANIFEST_INVALID', 'torn')
  expect(await still(['app:v1'], { ...NOTHING_HELD, damaged })).toEqual(part)
  expect(await still(['app:v1'], new TallymanError('REGISTRY_UNREACHABLE', 'no answer'))).toEqual(part)
  expect(await still(['app:v1'], { ...NOTHING_HELD, askAgainAt: 7 })).toEqual(whole(0, 2))
})
