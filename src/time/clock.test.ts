import { describe, expect, test } from 'vitest'
import { systemClock } from '#time/clock.ts'

describe('the system clock', () => {
  test('sleeps for about as long as it is told, and its monotonic time goes on', async () => {
    const before = systemClock.monotonic()
    await systemClock.sleep(20)
    // Timers of the platform may fire up to a millisecond early.
    expect(systemClock.monotonic() - before).toBeGreaterThanOrEqual(19)
  })

  test('wakes with the reason of the signal', async () => {
    const stop = new AbortController()
    const sleeping = systemClock.sleep(60_000, stop.signal)
    stop.abort(new Error('enough'))
    await expect(sleeping).rejects.toThrow('enough')
  })

  test('does not fall asleep when the signal has aborted', async () => {
    await expect(systemClock.sleep(60_000, AbortSignal.abort(new Error('too late')))).rejects.toThrow(
      'too late',
    )
  })

  test('does not take a time longer than its timers hold for none', async () => {
    let fired = 0
    const cancel = systemClock.schedule(365 * 86_400_000, () => {
      fired += 1
    })
    await systemClock.sleep(5)
    cancel()
    expect(fired).toBe(0)
  })

  test('calls back once, and not at all when cancelled', async () => {
    const calls: string[] = []
    const cancel = systemClock.schedule(1, () => calls.push('cancelled'))
    cancel()
    await new Promise<void>((resolve) => {
      systemClock.schedule(2, () => {
        calls.push('called')
        resolve()
      })
    })
    cancel()
    expect(calls).toEqual(['called'])
  })
})
