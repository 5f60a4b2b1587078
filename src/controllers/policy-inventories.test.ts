import { describe, expect, test } from 'vitest'
import type { Inventories } from '#clusters/inventories.ts'
import { plannedInventories, watchedSince } from '#controllers/policy-inventories.ts'
import { snapshotOf } from '#test/harness/image-use.ts'

const DAY = 86_400_000
const NOW = Date.parse('2026-11-26T00:00:00Z')
const inventory = (coveredDays: number | undefined, retainDays = 31) => ({
  snapshot: { coveredMs: coveredDays === undefined ? undefined : coveredDays * DAY },
  retainMs: retainDays * DAY,
})
const daysAgo = (days: number) => NOW - days * DAY

describe('since when use would be known', () => {
  test.each([
    ['watching began', [inventory(3)], { at: daysAgo(3), isWatchStart: true }],
    ['the inventory forgets', [inventory(200)], { at: daysAgo(31), isWatchStart: false }],
    ['the last of them began', [inventory(200), inventory(9)], { at: daysAgo(9), isWatchStart: true }],
    [
      'the one that forgets first does',
      [inventory(200), inventory(90, 7)],
      { at: daysAgo(7), isWatchStart: false },
    ],
    ['nobody has watched without a gap', [inventory(200), inventory(undefined)], undefined],
    ['there is none', [], undefined],
  ] as const)('is where %s', (_what, inventories, expected) => {
    expect(watchedSince(inventories, NOW)).toEqual(expected)
  })
})

test('S10: a spec that comes while an inventory is asked marks what it says then', async () => {
  let mark = 'before'
  const live = {
    get mark() {
      return mark
    },
    inventory: { policy: { retainMs: 0 } },
    barrier: async () => {
      mark = 'meanwhile'
      return snapshotOf([])
    },
  }
  const ledger = { id: 'ledger', since: 1, isKept: true }
  const inventories = { all: () => [{ key: 'ops/all', live, ledger }] } as unknown as Pick<Inventories, 'all'>
  const [planned] = await plannedInventories(inventories, new AbortController().signal)
  expect(planned).toMatchObject({ name: 'ops/all', mark: 'meanwhile', ledger })
})
