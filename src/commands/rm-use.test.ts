import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { RecentUse } from '#commands/rm-use.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import type { Holders } from '#inventory/held-images.ts'
import { Inventory } from '#inventory/inventory.ts'
import { SnapshotMaker } from '#inventory/inventory-snapshot.ts'
import { compilePins } from '#inventory/pins.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { digestOf } from '#test/harness/registry-facts.ts'

const names = { host: 'r.example', aliases: [] }
const { signal } = new AbortController()
const claim: UsageClaim = {
  ...{ installation: 'other', writtenAt: 0, synced: true, trusted: true },
  ...{ images: ['r.example/app:claimed'], digests: [], configs: [], pins: [] },
}
const snapshot = new SnapshotMaker(new Inventory({ retainMs: 0, clusters: [], release: [] })).make({
  ...{ now: { wall: 0, monotonic: 0 }, platforms: [], pins: compilePins([]), pinProblems: [] },
})

/** @param barrier what the clusters answer when they are asked */
async function recentUse({
  barrier = async () => snapshot,
  claims = [claim],
  holders = new Map(),
}: Partial<Answers> = {}) {
  const clock = new FakeClock()
  const parts = {
    clusters: { snapshot, barrier: () => barrier(clock) },
    claims: { read: async () => claims },
    holders: async () => holders,
  }
  return { clock, use: await RecentUse.read({ ...parts, names, clock }, signal) }
}

interface Answers {
  readonly barrier: (clock: FakeClock) => Promise<InventorySnapshot>
  readonly claims: UsageClaim[]
  readonly holders: Holders
}

test('S03: before a request the clusters are asked, once for all that wait, and again when that was 3 s ago', async () => {
  let asked = 0
  const barrier = async () => {
    asked += 1
    return snapshot
  }
  const { use, clock } = await recentUse({ barrier })
  const first = use.index
  await Promise.all([use.refresh(signal), use.refresh(signal)])
  expect(asked).toBe(1)
  const second = use.index
  expect(second).not.toBe(first)
  await clock.advance(3_000)
  await use.refresh(signal)
  expect(use.index).toBe(second)
  await clock.advance(1)
  await use.refresh(signal)
  expect(asked).toBe(2)
  expect(use.index).not.toBe(second)
  // While a machine is suspended, the monotonic clock stands still.
  clock.jump(3_001)
  await use.refresh(signal)
  expect(asked).toBe(3)
})

test('S03: an answer is as old as its question, and where it takes longer than 3 s nothing may go', async () => {
  let takesMs = 2_500
  const barrier = async (clock: FakeClock) => {
    await clock.advance(takesMs)
    return snapshot
  }
  const { use, clock } = await recentUse({ barrier })
  await use.refresh(signal)
  const before = use.index
  await clock.advance(600)
  await use.refresh(signal)
  expect(use.index).not.toBe(before)
  await clock.advance(1_000)
  takesMs = 3_001
  await expect(use.refresh(signal)).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
})

test('S03: where the clusters cannot be asked, nothing may go', async () => {
  const barrier = async () => {
    throw new TallymanError('BARRIER_NOT_REACHED', 'no answer')
  }
  const { use } = await recentUse({ barrier })
  await expect(use.refresh(signal)).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
  await expect(use.refresh(signal)).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
})

test('S01: what other installations claim is in use too, also what they claim later', async () => {
  const claims = [claim]
  const { use } = await recentUse({ claims })
  expect(use.index.usesOf({ repository: 'app', tag: 'claimed' })).toMatchObject([{ kind: 'claimed' }])
  expect(use.index.usesOf({ repository: 'app', tag: 'other' })).toEqual([])
  claims.push({ ...claim, images: ['r.example/app:other'] })
  await use.refresh(signal)
  expect(use.index.usesOf({ repository: 'app', tag: 'other' })).toMatchObject([{ kind: 'claimed' }])
})

test('S35: what an index contains that came into use is in use', async () => {
  const part = { repository: 'app', digest: digestOf('part') }
  const holders = new Map([[part.digest, [{ repository: 'app', tag: 'claimed', digest: digestOf('index') }]]])
  const { use } = await recentUse({ holders })
  await use.refresh(signal)
  expect(use.index.usesOf(part)).toMatchObject([{ kind: 'claimed' }])
})
