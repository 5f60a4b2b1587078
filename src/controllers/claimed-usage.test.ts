import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { HeldOrigin } from '#inventory/ledger/origin.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import type { Log } from '#kube/log.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { ClaimedUsage, type ClaimedUsageParts } from './claimed-usage.ts'

// What a real cluster makes of it is in registry-claims.test.ts.

const { signal } = new AbortController()
const SNAPSHOT = snapshotOf([imageUse('r.example/app:1')])

/** @param barrier of the only inventory, one after the other */
function claimed(
  barrier: readonly (() => InventorySnapshot)[],
  ledger?: () => HeldOrigin,
  more: Partial<Pick<ClaimedUsageParts, 'left' | 'wanted'>> = {},
) {
  const warnings: object[] = []
  const log: Log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) }
  const next = barrier.values()
  const live = {
    barrier: async () => next.next().value?.() ?? SNAPSHOT,
    calmSnapshot: async () => SNAPSHOT,
  }
  const all = () => [
    {
      ...{ key: 'ops/all', live },
      get ledger() {
        return ledger?.()
      },
    },
  ]
  const beside = { wanted: () => ['ops/all'], left: { read: async () => [] }, ...more }
  return { usage: new ClaimedUsage({ live: { all }, ...beside, clock: new FakeClock(), log }), warnings }
}

function unproven(code: 'BARRIER_NOT_REACHED' | 'KUBE_FORBIDDEN'): () => never {
  return () => {
    throw new TallymanError(code, 'edge does not answer')
  }
}

test('S01: what could not be proven is claimed as not synced, and the log says once why', async () => {
  const down = unproven('BARRIER_NOT_REACHED')
  const { usage, warnings } = claimed([down, down, unproven('KUBE_FORBIDDEN'), () => SNAPSHOT, down])
  const synced: boolean[] = []
  for (let asked = 0; asked < 5; asked += 1) synced.push((await usage.of('here', signal)).synced)
  expect(synced).toEqual([false, false, false, true, false])
  expect(warnings).toMatchObject([
    { inventory: 'ops/all', code: 'BARRIER_NOT_REACHED', reason: expect.stringContaining('edge') },
    { code: 'KUBE_FORBIDDEN' },
    { code: 'BARRIER_NOT_REACHED' },
  ])
})

test('S02: the ledger is the one that is there once all use is known', async () => {
  let id = 'before'
  const during = () => {
    id = 'since'
    return SNAPSHOT
  }
  const { usage } = claimed([during], () => ({ id, since: 0, isKept: true }))
  const { ledgers } = await usage.of('here', signal)
  expect(ledgers).toEqual([{ inventory: 'ops/all', id: 'since', since: 0, isKept: true }])
})

test.each([
  ['is not watched yet', { wanted: () => ['ops/all', 'ops/edge'] }, 'ops/edge is not watched yet'],
  [
    'was removed, with what it remembers',
    { left: { read: async () => [{ inventory: 'ops/edge', namespace: 'tallyman-system', name: 'ledger' }] } },
    'ops/edge',
  ],
  ['may be missing', { left: { read: unproven('KUBE_FORBIDDEN') } }, 'edge does not answer'],
])(
  'S01, S02: where an inventory %s, the claim says that not all use is known, and the log says once why',
  async (_what, more, why) => {
    const { usage, warnings } = claimed([], undefined, more)
    for (let asked = 0; asked < 2; asked += 1) {
      const { synced, images } = await usage.of('here', signal)
      expect([synced, images]).toEqual([false, ['r.example/app:1']])
    }
    expect(warnings).toMatchObject([{ reason: expect.stringContaining(why) }])
  },
)
