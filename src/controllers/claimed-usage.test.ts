import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { HeldOrigin } from '#inventory/ledger/origin.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import type { Log } from '#kube/log.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { ClaimedUsage } from './claimed-usage.ts'

// What a real cluster makes of it is in registry-claims.test.ts.

const { signal } = new AbortController()
const SNAPSHOT = snapshotOf([imageUse('r.example/app:1')])

/** @param barrier of the only inventory, one after the other */
function claimed(barrier: readonly (() => InventorySnapshot)[], ledger?: () => HeldOrigin) {
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
  return { usage: new ClaimedUsage({ live: { all }, clock: new FakeClock(), log }), warnings }
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
