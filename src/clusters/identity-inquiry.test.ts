import { describe, expect, it } from 'vitest'
import { IdentityInquiry } from '#clusters/identity-inquiry.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

function begin(answers: () => boolean | Promise<boolean> = () => true) {
  const clock = new FakeClock()
  const asked: number[] = []
  const stop = new AbortController()
  const inquiry = new IdentityInquiry(async () => {
    asked.push(clock.monotonic())
    return await answers()
  }, clock)
  const ended = inquiry.run(stop.signal)
  return { clock, asked, inquiry, stop, ended }
}

describe('S05: a cluster is asked who it is', () => {
  it('at once, and again about once a minute', async () => {
    const { clock, asked } = begin()
    await clock.advance(10 * MINUTE)
    expect(asked[0]).toBe(0)
    expect(asked.length).toBeGreaterThanOrEqual(9)
    expect(asked.length).toBeLessThanOrEqual(12)
  })

  it('soon after there was cause, once for all causes at that time', async () => {
    const { clock, asked, inquiry } = begin()
    await clock.advance(10 * SECOND)
    for (let watch = 0; watch < 14; watch += 1) inquiry.askSoon()
    await clock.advance(SECOND)
    expect(asked).toEqual([0, 10 * SECOND + 200])
  })

  it('again where there was cause while it was asked: it may have answered before', async () => {
    const answer = Promise.withResolvers<boolean>()
    const { clock, asked, inquiry } = begin(() => answer.promise)
    await clock.advance(0)
    inquiry.askSoon()
    answer.resolve(true)
    await clock.advance(SECOND)
    expect(asked).toEqual([0, 200])
  })

  it('ever more seldom while it does not answer, and at least every 30 s', async () => {
    const { clock, asked } = begin(() => false)
    await clock.advance(5 * MINUTE)
    const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0))
    expect(pauses[0]).toBeLessThan(2 * SECOND)
    expect(Math.max(...pauses)).toBeLessThan(31 * SECOND)
    expect(asked.length).toBeLessThan(20)
  })

  it('no longer after the end', async () => {
    const { clock, asked, stop, ended } = begin()
    await clock.advance(SECOND)
    stop.abort()
    await ended
    expect(clock.pending).toBe(0)
    expect(asked).toHaveLength(1)
  })
})
