import { expect, test } from 'vitest'
import { RecentUse, type UseReader } from '#commands/rm-use.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import { Inventory } from '#inventory/inventory.ts'
import { SnapshotMaker } from '#inventory/inventory-snapshot.ts'
import { compilePins } from '#inventory/pins.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

const names = { host: 'r.example', aliases: [] }
const { signal } = new AbortController()
const claim: UsageClaim = {
  ...{ installation: 'other', writtenAt: 0, synced: true, trusted: true },
  ...{ images: ['r.example/app:claimed'], digests: [], configs: [], pins: [] },
}
const snapshot = new SnapshotMaker(new Inventory({ retainMs: 0, clusters: [], release: [] })).make({
  ...{ now: { wall: 0, monotonic: 0 }, platforms: [], pins: compilePins([]), pinProblems: [] },
})
const nothing = { snapshot, clusters: [], missing: [], claims: [] }

async function recentUse(read: UseReader) {
  const clock = new FakeClock()
  const use = await RecentUse.read({ read, names, clock }, signal)
  if (use === undefined) throw new Error('it can be read')
  return { use, clock }
}

test('S03: what is in use is read again before a request when it is older than a minute, once for all that wait', async () => {
  const readings: boolean[] = []
  const { use, clock } = await recentUse(async (_signal, isAgain) => {
    readings.push(isAgain)
    return nothing
  })
  const first = use.index
  await clock.advance(60_000)
  await use.refresh(signal)
  expect(use.index).toBe(first)
  await clock.advance(1)
  await Promise.all([use.refresh(signal), use.refresh(signal)])
  expect(readings).toEqual([false, true])
  expect(use.index).not.toBe(first)
  await clock.advance(60_000)
  await use.refresh(signal)
  expect(readings).toHaveLength(2)
})

test('S03: where it cannot be read again, nothing may go', async () => {
  const { use, clock } = await recentUse(async (_signal, isAgain) => (isAgain ? undefined : nothing))
  await clock.advance(60_001)
  await expect(use.refresh(signal)).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
  await expect(use.refresh(signal)).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
})

test('S01: what other installations claim is in use too', async () => {
  const { use } = await recentUse(async () => ({ ...nothing, claims: [claim] }))
  expect(use.index.usesOf({ repository: 'app', tag: 'claimed' })).toMatchObject([{ kind: 'claimed' }])
  expect(use.index.usesOf({ repository: 'app', tag: 'other' })).toEqual([])
})
