import { expect, test } from 'vitest'
import { Expected } from './expected.ts'
import { freshImage, holderImage, IMAGES } from './images.ts'

const digest = ({ manifest }: { readonly manifest: { readonly digest: string } }) => manifest.digest
const { kept, stable, spare, old, multi, platform } = IMAGES

function endOf(acts: (expected: Expected) => void) {
  const expected = new Expected()
  acts(expected)
  const { tags, mayStay, running, touched } = expected.end()
  return { tags: Object.fromEntries(tags), mayStay: [...mayStay], running, touched: [...touched].sort() }
}

const UNDISTURBED = { tags: { kept, stable, spare }, mayStay: [], running: [kept, stable], touched: [] }

test('undisturbed, what the plan keeps is there and nothing else may be', () => {
  expect(endOf(() => undefined)).toEqual(UNDISTURBED)
})

test('what others give a tag stands, and what goes by the plan may stand for it', () => {
  expect(endOf((it) => it.named('new', freshImage(1)))).toEqual({
    ...UNDISTURBED,
    tags: { ...UNDISTURBED.tags, new: freshImage(1) },
  })
  expect(endOf((it) => it.named('new', holderImage(1)))).toMatchObject({ touched: [digest(platform)] })
  const moved = endOf((it) => {
    it.named('stable', old)
    it.named('stable', freshImage(1))
  })
  expect(moved).toMatchObject({
    tags: { stable: freshImage(1) },
    running: [kept, stable],
    touched: [digest(old)],
  })
})

test('a tag that is used names what it named by the plan, unless others have given it something', () => {
  expect(endOf((it) => it.used({ tag: 'old' }, undefined))).toEqual({
    tags: { ...UNDISTURBED.tags, old },
    mayStay: ['old', 'twin'],
    running: [kept, stable],
    touched: [digest(old)],
  })
  const moved = endOf((it) => {
    it.used({ tag: 'old' }, old)
    it.named('old', spare)
  })
  expect(moved).toMatchObject({ tags: { old: spare }, running: [kept, stable, old], touched: [digest(old)] })
})

test('what is used keeps what goes and stays with it', () => {
  const expected = new Expected()
  expected.used({ image: 'platform' }, undefined)
  const spared = expected.protected
  for (const name of ['multi', digest(multi), digest(platform)]) expect(spared).toContain(name)
  expect(spared).not.toContain('old')
  expect(expected.usage).not.toContain('multi')
  expect(expected.end().running).toEqual([kept, stable, platform])
})

test('a push that nobody could miss is as if it had not been', () => {
  const lost = endOf((it) => {
    it.named('new', freshImage(1))
    it.forget('new')
  })
  expect(lost).toEqual(UNDISTURBED)
})

test('where a run has brought everything back, any of it may be there', () => {
  const taken = endOf((it) => it.takenBack())
  expect(taken).toMatchObject({ tags: UNDISTURBED.tags, mayStay: ['alias', 'old', 'twin', 'multi'] })
  expect(taken.touched).toHaveLength(3)
})
