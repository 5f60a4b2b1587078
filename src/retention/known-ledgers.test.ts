import { describe, expect, test } from 'vitest'
import { heldAgainstKnown, type KnownLedgers } from '#retention/known-ledgers.ts'
import type { PlannedInventory } from '#retention/planned-inventory.ts'
import { snapshotOf } from '#test/harness/image-use.ts'
import { DAY_MS } from '#test/harness/registry-facts.ts'

const SINCE = 1_000 * DAY_MS
const RETAIN = 31 * DAY_MS
const KNOWN: KnownLedgers = new Map([['ops/all', 'old']])

function inventory(
  ledger: PlannedInventory['ledger'] | 'old' | 'new',
  coveredMs: number | undefined = 0,
): PlannedInventory {
  const held = typeof ledger === 'string' ? { id: ledger, since: SINCE, isKept: true } : ledger
  return { name: 'ops/all', retainMs: RETAIN, snapshot: snapshotOf([], { coveredMs }), ledger: held }
}

function held(
  known: KnownLedgers,
  one: PlannedInventory,
  acceptedAt?: number,
): { replaced: number; known: Record<string, string> } {
  const { replaced, known: next } = heldAgainstKnown(known, [one], acceptedAt)
  return { replaced: replaced.length, known: Object.fromEntries(next) }
}

describe('S02: the ledger that plans were made with', () => {
  test('is known from its first writing on, and may be whichever at first', () => {
    expect(held(new Map(), inventory('old'))).toEqual({ replaced: 0, known: { 'ops/all': 'old' } })
    expect(held(KNOWN, inventory('old'))).toEqual({ replaced: 0, known: { 'ops/all': 'old' } })
    const begun = inventory({ id: 'new', since: SINCE, isKept: false })
    expect(held(new Map(), begun)).toEqual({ replaced: 0, known: {} })
  })

  test('is replaced by another one, in every plan, written or not', () => {
    const { replaced, known } = heldAgainstKnown(KNOWN, [inventory('new')], undefined)
    expect(replaced).toEqual([{ name: 'ops/all', since: SINCE, retainMs: RETAIN }])
    expect(heldAgainstKnown(known, [inventory('new')], undefined).replaced).toEqual(replaced)
    const begun = inventory({ id: 'new', since: SINCE, isKept: false })
    expect(held(KNOWN, begun)).toEqual({ replaced: 1, known: { 'ops/all': 'old' } })
  })

  test('is not replaced any more when the old one is back', () => {
    const { known } = heldAgainstKnown(KNOWN, [inventory('new')], undefined)
    expect(held(known, inventory('old')).replaced).toBe(0)
  })

  test.each([
    ['has not watched for as long as it remembers', RETAIN - 1, undefined, 1],
    ['has', RETAIN, undefined, 0],
    ['a plan was approved before it began', 0, SINCE - 1, 1],
    ['a plan was approved since', 0, SINCE, 0],
    ['nothing is known of how long it has watched', undefined, undefined, 1],
  ])('where the new one %s', (_, coveredMs, acceptedAt, replaced) => {
    const now = held(KNOWN, inventory('new', coveredMs), acceptedAt)
    expect(now).toEqual({ replaced, known: { 'ops/all': replaced === 1 ? 'old' : 'new' } })
  })

  test('stays known while it is not read, and not when its inventory is gone', () => {
    expect(held(KNOWN, inventory(undefined))).toEqual({ replaced: 0, known: { 'ops/all': 'old' } })
    expect(heldAgainstKnown(KNOWN, [], undefined).known).toEqual(new Map())
  })
})
