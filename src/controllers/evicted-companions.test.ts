import { expect, test } from 'vitest'
import { companionsOf } from '#controllers/evicted-companions.ts'
import type { EvictedUse } from '#controllers/evicted-use.ts'
import type { Evicted } from '#evict/evicted.ts'
import { imageUse } from '#test/harness/image-use.ts'

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`
const went = (letter: string, more: Partial<Evicted> = {}): Evicted => ({
  ...{ run: 'run', repository: 'app', digest: digestOf(letter), at: 1 },
  ...more,
})
const use = (thing: Evicted): EvictedUse => ({
  ...{ thing, reason: { kind: 'reference', use: imageUse('r.example/app:v1') } },
})
const IMAGE = went('a', { tag: 'v1' })
const SIGNATURE = went('b', { tag: `${digestOf('a').replace(':', '-')}.sig` })
const ATTESTATION = went('c', { subject: digestOf('a') })
const ITS_SIGNATURE = went('d', { subject: digestOf('c') })
const OTHER = went('e', { subject: digestOf('f') })
const ELSEWHERE = went('b', { repository: 'other', subject: digestOf('a') })
const ALL = [ITS_SIGNATURE, ATTESTATION, OTHER, SIGNATURE, ELSEWHERE, IMAGE]

test('S04: what belongs to something in use is found by its tag or its subject, and what belongs to that', async () => {
  const found = await companionsOf([use(IMAGE)], ALL)
  expect(found.map(({ thing }) => thing)).toEqual([ATTESTATION, SIGNATURE, ELSEWHERE, ITS_SIGNATURE])
  for (const { belongsTo } of found) expect(belongsTo).toEqual([IMAGE])
})

test('S04: a signature in a repository of its own is, and not where what it refers to went from there too', async () => {
  const own = went('a', { repository: 'other', tag: 'v1' })
  const signs = (things: readonly Evicted[]) => companionsOf([use(IMAGE)], things)
  expect(await signs([ELSEWHERE])).toMatchObject([{ thing: ELSEWHERE, belongsTo: [IMAGE] }])
  expect(await signs([ELSEWHERE, own])).toEqual([])
  expect(await companionsOf([use(IMAGE), use(own)], [ELSEWHERE, own])).toMatchObject([{ belongsTo: [own] }])
})

test('each is found once, with all that it belongs to', async () => {
  const second = { ...IMAGE, tag: 'v2' }
  const found = await companionsOf([use(IMAGE), use(second), use(went('a'))], [...ALL, ...ALL])
  expect(found).toHaveLength(4)
  for (const { belongsTo } of found) expect(belongsTo).toEqual([IMAGE, second, went('a')])
})

test('what names itself ends', async () => {
  const self = went('a', { tag: `${digestOf('a').replace(':', '-')}.sig` })
  expect(await companionsOf([use(IMAGE)], [self])).toHaveLength(1)
})

test('nothing is gone through where nothing is in use', async () => {
  const things: Iterable<Evicted> = {
    [Symbol.iterator]: () => {
      throw new Error('nobody has to know')
    },
  }
  expect(await companionsOf([], things)).toEqual([])
})
