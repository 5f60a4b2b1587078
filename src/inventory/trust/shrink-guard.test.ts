import { describe, expect, it } from 'vitest'
import { ShrinkGuard } from '#inventory/trust/shrink-guard.ts'

const DAY = 24 * 3_600_000

function guardOf(images: number, watched = 0): ShrinkGuard {
  return new ShrinkGuard({ images, watched })
}

describe('the shrink guard', () => {
  it('S05: trips when more vanished than is allowed, and not before', () => {
    const guard = guardOf(100)
    expect(guard.isShrunk(50, 50)).toBe(false)
    expect(guard.isShrunk(49, 50)).toBe(true)
    expect(guard.isShrunk(100, 0)).toBe(false)
    expect(guard.isShrunk(99, 0)).toBe(true)
    expect(guard.isShrunk(0, 100)).toBe(false)
  })

  it('does not trip on a cluster that was never seen', () => {
    expect(new ShrinkGuard().isShrunk(0, 50)).toBe(false)
  })

  it('S05: measures against the most that it saw', () => {
    const guard = new ShrinkGuard()
    for (const images of [10, 100, 80, 60]) guard.see(images, 0, 50)
    expect(guard.baseline).toEqual({ images: 100, watched: 0 })
    expect(guard.isShrunk(49, 50)).toBe(true)
  })

  it('S05: while it trips nothing moves, however long that takes', () => {
    const guard = guardOf(100)
    expect(guard.see(10, 365 * DAY, 50)).toBe(false)
    expect(guard.isShrunk(10, 50)).toBe(true)
  })

  it('S05: follows a slow decline, a week after the baseline was set', () => {
    const guard = guardOf(100)
    expect(guard.see(60, 7 * DAY - 1, 50)).toBe(false)
    expect(guard.see(60, 7 * DAY, 50)).toBe(true)
    expect(guard.baseline).toEqual({ images: 60, watched: 7 * DAY })
    expect(guard.isShrunk(40, 50)).toBe(false)
  })

  it('S05: a human sets the baseline down', () => {
    const guard = guardOf(100)
    guard.accept(10, 5)
    expect(guard.baseline).toEqual({ images: 10, watched: 5 })
    expect(guard.isShrunk(10, 50)).toBe(false)
  })
})
