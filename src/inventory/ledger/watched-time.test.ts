import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_GAP_MS, type Moment, WatchedTime } from '#inventory/ledger/watched-time.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0)

/** @param wallAhead by how many minutes the wall clock was set */
function at(minutes: number, wallAhead = 0): Moment {
  return { wall: START + (minutes + wallAhead) * MINUTE, monotonic: minutes * MINUTE }
}

function watchedFor(minutes: number): WatchedTime {
  const time = new WatchedTime()
  time.tick(true, at(0))
  time.tick(true, at(minutes))
  return time
}

describe('the time for which a cluster is watched', () => {
  it('begins with the first call, not with the epoch', () => {
    const time = new WatchedTime()
    time.tick(true, at(0))
    expect(time.record).toEqual({ watchedMs: 0, coveredMs: 0, watchedUntil: START })
  })

  it('S02: counts only while the cluster is synced, each stretch as the call before it said', () => {
    const time = watchedFor(5)
    time.tick(false, at(8))
    time.tick(false, at(10))
    time.tick(true, at(12))
    expect(time.watchedMs).toBe(8 * MINUTE)
    time.tick(true, at(13))
    expect(time.watchedMs).toBe(9 * MINUTE)
  })

  it('says until when it was synced last', () => {
    const time = watchedFor(5)
    time.tick(false, at(8))
    expect(time.record.watchedUntil).toBe(at(5).wall)
  })

  it('takes a monotonic clock that goes back for one that stands still', () => {
    const time = watchedFor(5)
    time.tick(true, { wall: at(5).wall, monotonic: 0 })
    expect(time.watchedMs).toBe(5 * MINUTE)
  })
})

describe('coverage', () => {
  it('S02: goes on over a gap of ten minutes, which does not count itself', () => {
    const time = watchedFor(60)
    time.tick(false, at(60))
    time.tick(true, at(70))
    expect(time.coveredMs).toBe(60 * MINUTE)
  })

  it('S02: starts anew after a gap of more than ten minutes, while what was watched in all stays', () => {
    const time = watchedFor(60)
    time.tick(false, at(60))
    for (let minute = 61; minute <= 71; minute += 1) time.tick(false, at(minute))
    expect(time.coveredMs).toBe(0)
    time.tick(true, at(72))
    time.tick(true, at(75))
    expect(time.record).toMatchObject({ watchedMs: 63 * MINUTE, coveredMs: 3 * MINUTE })
  })

  it('does not add gaps up between which the cluster was synced', () => {
    const time = watchedFor(60)
    for (const minute of [60, 67, 74]) {
      time.tick(false, at(minute))
      time.tick(true, at(minute + 6))
    }
    expect(time.coveredMs).toBe(62 * MINUTE)
  })

  it.each([11, -11])('S02: starts anew where the wall clock jumps by %i minutes', (jump) => {
    const time = watchedFor(60)
    time.tick(true, at(61, jump))
    expect(time.record).toMatchObject({ watchedMs: 61 * MINUTE, coveredMs: 0 })
  })

  it.each([9, -9])('goes on where the wall clock is set by %i minutes', (jump) => {
    const time = watchedFor(60)
    time.tick(true, at(61, jump))
    expect(time.coveredMs).toBe(61 * MINUTE)
  })

  it('S02: goes on over a restart of ten minutes, which does not count itself', () => {
    const time = new WatchedTime(watchedFor(60).record)
    time.tick(true, { ...at(70), monotonic: 0 })
    expect(time.record).toMatchObject({ watchedMs: 60 * MINUTE, coveredMs: 60 * MINUTE })
  })

  it.each([71, 48])(
    'S02: starts anew where a restart finds minute %i on the wall clock, not 60',
    (minute) => {
      const time = new WatchedTime(watchedFor(60).record)
      time.tick(true, { ...at(minute), monotonic: 0 })
      expect(time.record).toMatchObject({ watchedMs: 60 * MINUTE, coveredMs: 0 })
    },
  )

  it('S02: counts the time before the first sync after a restart to the gap', () => {
    const time = new WatchedTime(watchedFor(60).record)
    time.tick(false, { ...at(66), monotonic: 0 })
    time.tick(true, { ...at(72), monotonic: 6 * MINUTE })
    expect(time.coveredMs).toBe(0)
  })

  it('S02: starts anew when it is told to, and only coverage', () => {
    const time = watchedFor(60)
    time.restartCoverage()
    expect(time.record).toMatchObject({ watchedMs: 60 * MINUTE, coveredMs: 0 })
  })

  it('S02: never claims more than passed since it was not synced for longer than a gap', () => {
    const steps = fc.array(fc.record({ synced: fc.boolean(), minutes: fc.nat({ max: 25 }) }))
    fc.assert(
      fc.property(steps, (taken) => {
        const time = new WatchedTime()
        let now = 0
        let wasSynced = false
        let unsyncedMs = 0
        let coveredSince = 0
        for (const { synced, minutes } of taken) {
          now += minutes
          unsyncedMs = wasSynced ? 0 : unsyncedMs + minutes * MINUTE
          if (unsyncedMs > LONGEST_GAP_MS) coveredSince = now
          wasSynced = synced
          time.tick(synced, at(now))
          expect(time.coveredMs).toBeLessThanOrEqual((now - coveredSince) * MINUTE)
          expect(time.coveredMs).toBeLessThanOrEqual(time.watchedMs)
        }
      }),
    )
  })
})
