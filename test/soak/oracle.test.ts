import { beforeEach, describe, expect, it } from 'vitest'
import type { Sight } from './messages.ts'
import { Oracle } from './oracle.ts'
import { Writable } from './writable.ts'

const MINUTE_MS = 60_000
const IMAGE = 'registry.local/app:1'
/** Everything here happens long after the beginning: nothing is covered for longer. */
const BEGUN = 10 * MINUTE_MS

let writable: Writable
let oracle: Oracle

beforeEach(() => {
  writable = new Writable(BEGUN)
  oracle = new Oracle(writable, BEGUN)
})

function sight(madeAt: number, changes: Partial<Sight> = {}): Sight {
  return {
    ...{ kind: 'sight', madeAt, synced: true, trusted: true, barrier: madeAt - 1, loaded: true },
    ...{ coveredMs: 0, why: [], tokens: {}, live: [], remembered: [], ...changes },
  }
}

const lost = (seen: Sight) => oracle.judge(seen).map(({ what, why }) => `${what} ${why}`)
const BEFORE = `${IMAGE} it was there before the barrier (S03)`
const SHOWN = `${IMAGE} a snapshot has shown it (S02)`

describe('what was there before the barrier', () => {
  beforeEach(() => oracle.used('home', 'pod-1', [IMAGE], BEGUN + 10))

  it('has to be in a snapshot that is synced and trusted, live or remembered', () => {
    expect(lost(sight(BEGUN + 20))).toEqual([BEFORE])
    expect(lost(sight(BEGUN + 20, { live: [IMAGE] }))).toEqual([])
    expect(lost(sight(BEGUN + 20, { remembered: [IMAGE] }))).toEqual([])
  })

  it('need not be in one that promises nothing', () => {
    expect(lost(sight(BEGUN + 20, { trusted: false }))).toEqual([])
    expect(lost(sight(BEGUN + 20, { synced: false }))).toEqual([])
    expect(lost(sight(BEGUN + 20, { barrier: undefined }))).toEqual([])
    expect(lost(sight(BEGUN + 20, { barrier: BEGUN + 10 }))).toEqual([])
  })

  it('need not be there once it was asked to go, or while a proxy leaves it out', () => {
    oracle.leaving('home', 'pod-1', BEGUN + 15)
    expect(lost(sight(BEGUN + 20))).toEqual([])
    oracle.leaveOut('home', () => true)
    oracle.used('home', 'pod-2', [IMAGE], BEGUN + 16)
    expect(lost(sight(BEGUN + 20))).toEqual([])
    oracle.showAll('home', BEGUN + 30)
    expect(lost(sight(BEGUN + 40, { barrier: BEGUN + 30 }))).toEqual([])
    oracle.used('home', 'pod-3', [IMAGE], BEGUN + 17)
    expect(lost(sight(BEGUN + 20))).toEqual([BEFORE])
  })

  it('S29: has to be there in the end though a proxy left it out', () => {
    oracle.leaveOut('home', () => true)
    expect(lost(sight(BEGUN + 20))).toEqual([])
    oracle.showAll('home', BEGUN + 30)
    expect(lost(sight(BEGUN + 40, { barrier: BEGUN + 30 }))).toEqual([])
    expect(lost(sight(BEGUN + 40))).toEqual([BEFORE])
  })
})

describe('what a snapshot has shown', () => {
  beforeEach(() => {
    oracle.used('home', 'pod-1', [IMAGE], BEGUN + 10)
    expect(lost(sight(BEGUN + 20, { live: [IMAGE] }))).toEqual([])
    oracle.leaving('home', 'pod-1', BEGUN + 30)
  })

  it('has to stay', () => {
    expect(lost(sight(BEGUN + 40))).toEqual([SHOWN])
    expect(lost(sight(BEGUN + 40, { remembered: [IMAGE] }))).toEqual([])
  })

  it('outlives a process that could write it', () => {
    oracle.ended(BEGUN + 15_000)
    expect(lost(sight(BEGUN + 16_000))).toEqual([SHOWN])
  })

  it('may be forgotten with a process that had no time to write it', () => {
    oracle.ended(BEGUN + 5_000)
    expect(lost(sight(BEGUN + 16_000))).toEqual([])
  })

  it('may be forgotten with one that could not write it', () => {
    const settle = writable.disturb(BEGUN + 50)
    settle(BEGUN + 14_000)
    oracle.ended(BEGUN + 20_000)
    expect(lost(sight(BEGUN + 21_000))).toEqual([])
  })

  it('may be forgotten where somebody deleted the ledger, until that is whole again', () => {
    oracle.ledgerDeleted()
    oracle.ended(BEGUN + 60_000)
    expect(lost(sight(BEGUN + 61_000))).toEqual([])
    expect(lost(sight(BEGUN + 62_000, { remembered: [IMAGE] }))).toEqual([])
    oracle.ledgerDeleted()
    oracle.ledgerIsWhole()
    oracle.ended(BEGUN + 90_000)
    expect(lost(sight(BEGUN + 91_000))).toEqual([SHOWN])
  })
})

it('S02: coverage is not longer than it can be, and begins anew with a lost ledger', () => {
  expect(lost(sight(BEGUN + MINUTE_MS, { coveredMs: MINUTE_MS }))).toEqual([])
  expect(lost(sight(BEGUN + MINUTE_MS, { coveredMs: 2 * MINUTE_MS }))).toHaveLength(1)
  oracle.ledgerDeleted()
  oracle.ended(BEGUN + MINUTE_MS, true)
  expect(lost(sight(BEGUN + 2 * MINUTE_MS, { coveredMs: MINUTE_MS }))).toEqual([])
  expect(lost(sight(BEGUN + 2 * MINUTE_MS, { coveredMs: 2 * MINUTE_MS }))).toHaveLength(1)
})
