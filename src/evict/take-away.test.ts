import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { RegistryPool } from '#registry/pool.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import type { Hands } from './hands.ts'
import { MemoryJournal } from './journal.ts'
import { takeAway } from './take-away.ts'

/** Nothing is sent in these tests. */
function handsWith(changes: Partial<Hands>): Hands {
  const clock = new FakeClock()
  const client = new RegistryPool({ clock, userAgent: 'test' }).client({
    url: 'http://127.0.0.1:9',
    limits: { concurrency: 1 },
  })
  return {
    ...{ repository: 'a', pull: client, push: client, delete: client, journal: new MemoryJournal(), clock },
    guard: async () => undefined,
    fence: () => undefined,
    stillDoomed: () => true,
    audit: () => undefined,
    ended: () => undefined,
    ...{ signal: new AbortController().signal, quietMs: 1, deleteLimitMs: 1 },
    ...changes,
  }
}

test.each([
  [1_000, ['guard', 'look', 'send']],
  [1_001, ['guard', 'look', 'guard', 'send']],
])('S03: a look that takes %i ms: %o', async (ms, expected) => {
  const clock = new FakeClock()
  const done: string[] = []
  const hands = handsWith({
    clock,
    guard: async () => void done.push('guard'),
  })
  const look = async () => {
    done.push('look')
    await clock.advance(ms)
    return undefined
  }
  await takeAway(hands, [], look, async ({ guard, signal }) => {
    await guard(signal)
    done.push('send')
    return {}
  })
  expect(done).toEqual(expected)
})

test('S03: what is forbidden after a long look is not sent', async () => {
  const clock = new FakeClock()
  let asked = 0
  const guard = async () => {
    asked += 1
    if (asked === 2) throw new TallymanError('CLAIM_LOST', 'no')
  }
  const look = async () => {
    await clock.advance(5_000)
    return undefined
  }
  const sent = takeAway(handsWith({ clock, guard }), [], look, async (options) => {
    await options.guard(options.signal)
    return {}
  })
  await expect(sent).rejects.toMatchObject({ code: 'CLAIM_LOST' })
})
