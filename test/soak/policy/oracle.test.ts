import { expect, test } from 'vitest'
import { Oracle, type Push, type Used } from './oracle.ts'

const B1: Used = { shop: 'shop', repository: 'shop/app', reference: 'b1' }
const OLD = `sha256:${'1'.repeat(64)}`
const NEW = `sha256:${'2'.repeat(64)}`
const push = (used: Used, digest: string, isMove = false): Push => ({ used, digests: [digest], isMove })

/** Pushed and used at 0, and seen whole at 20 s. */
function inUse(): Oracle {
  const oracle = new Oracle(0)
  oracle.pushed(push(B1, OLD), 0, 0)
  oracle.used('pod', B1, 0)
  expect(look(oracle, 20_000, OLD)).toEqual([])
  return oracle
}

/** @returns why each is lost, where a look has found the tag to name `digest`, or nothing */
function look(oracle: Oracle, now: number, digest: string | undefined, used = B1): string[] {
  const problem = digest === undefined ? 'GET: 404' : undefined
  return oracle.judge([{ used, problem, digest }], now - 500, now).lost.map(({ why }) => why)
}

test('S03: what was there and in use before the barrier is lost as soon as it does not pull', () => {
  expect(look(inUse(), 21_000, undefined)).toEqual(['it was there, and in use before the barrier (S03)'])
  expect(look(inUse(), 21_000, NEW)).toHaveLength(1)
  expect(inUse().touched({ ...B1, reference: OLD }, 'DELETE', 21_000)).toMatchObject([{ used: B1 }])
  expect(inUse().touched({ ...B1, reference: OLD }, 'PUT', 21_000)).toEqual([])
  expect(inUse().touched(B1, 'PUT', 21_000)).toMatchObject([{ used: B1 }])
  expect(inUse().touched({ ...B1, reference: NEW }, 'DELETE', 21_000)).toEqual([])
  const stormy = inUse()
  stormy.disturbed()
  expect(look(stormy, 21_000, undefined)).toHaveLength(1)
})

test('S04: what came into use later is lost when it is not back after ten seconds, but for an outage', () => {
  const late = () => {
    const oracle = new Oracle(0)
    oracle.pushed(push(B1, OLD), 0, 0)
    oracle.used('pod', B1, 100_000)
    return oracle
  }
  const calm = late()
  expect(look(calm, 109_000, undefined)).toEqual([])
  expect(look(calm, 115_000, undefined)).toEqual(['it came into use and is not back (S04)'])

  const stormy = late()
  stormy.disturbed()
  expect(look(stormy, 190_000, undefined)).toEqual([])
  stormy.calm(200_000, 20_000)
  expect(look(stormy, 290_000, undefined)).toEqual([])
  expect(look(stormy, 296_000, undefined)).toHaveLength(1)

  const back = late()
  expect(look(back, 104_000, undefined)).toEqual([])
  expect(look(back, 110_000, OLD)).toEqual([])
  expect(look(back, 111_000, undefined)).toHaveLength(1)
})

test('a tag that is moved in the moment in which it or its manifest goes is for CI to push again, and a new build is not', () => {
  const reference = NEW
  for (const isMove of [true, false]) {
    const oracle = inUse()
    oracle.touched({ ...B1, reference }, 'DELETE', 30_500)
    oracle.pushed(push(B1, NEW, isMove), 30_000, 31_000)
    const seen = [{ used: B1, problem: 'GET: 404', digest: undefined }]
    expect(oracle.judge(seen, 39_000, 40_000)).toMatchObject({ inGap: isMove ? [B1] : [], lost: [] })
    expect(look(oracle, 62_000, undefined)).toHaveLength(isMove ? 0 : 1)
  }
  const long = inUse()
  long.pushed(push(B1, NEW, true), 30_000, 31_000)
  expect(look(long, 75_000, NEW)).toEqual([])
  expect(long.touched({ ...B1, reference }, 'DELETE', 76_000)).toMatchObject([{ used: B1 }])
  expect(look(long, 77_000, undefined)).toHaveLength(1)
})

test('what nobody uses by now, and what is being pushed, is not judged', () => {
  const left = inUse()
  left.leaving('pod')
  expect(look(left, 21_000, undefined)).toEqual([])
  expect(left.judged).toBe(1)
  const pushed = inUse()
  pushed.pushing(push(B1, NEW))
  expect(look(pushed, 21_000, undefined)).toEqual([])
})
