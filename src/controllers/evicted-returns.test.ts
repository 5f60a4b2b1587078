import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { type EvictedReturn, EvictedReturns } from '#controllers/evicted-returns.ts'
import type { EvictedUse } from '#controllers/evicted-use.ts'
import type { BroughtBack } from '#evict/bring-back.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'

const USE: EvictedUse = {
  thing: { run: 'run', repository: 'shop/app', tag: 'v1', digest: 'sha256:1', at: 1 },
  reason: { kind: 'reference', use: imageUse('r.example/shop/app:v1') },
}

test('S04: what is wanted again while it is brought back is brought back once more: it may have gone again', async () => {
  const ending = new AbortController()
  const told: EvictedReturn[] = []
  let rounds = 0
  const returns = new EvictedReturns({
    clock: systemClock,
    stillInUse: async (uses) => uses,
    async *bringBack([thing]): AsyncGenerator<BroughtBack> {
      if (thing === undefined) throw new Error('nothing is wanted')
      rounds += 1
      if (rounds === 1) returns.want([USE])
      yield { thing, outcome: 'Restored', at: rounds }
    },
    told: (returned) => told.push(...returned),
  })
  returns.want([USE])
  const running = returns.run(ending.signal)
  await eventually(() => told.length === 2)
  expect(told.map(({ at }) => at)).toEqual([1, 2])
  expect(returns.pending).toBe(0)
  ending.abort()
  await running
})

test('what failed is not tried while nobody needs it, and is tried when somebody does again', async () => {
  const ending = new AbortController()
  const pending: number[] = []
  let isNeeded = true
  let [tries, asked] = [0, 0]
  const time = { passed: 0 }
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + time.passed }
  const returns = new EvictedReturns({
    clock,
    stillInUse: async (uses) => {
      asked += 1
      time.passed += 10_000
      return isNeeded ? uses : []
    },
    async *bringBack([thing]): AsyncGenerator<BroughtBack> {
      if (thing === undefined) throw new Error('nothing is wanted')
      tries += 1
      if (tries === 2) isNeeded = false
      const error = new TallymanError('RESTORE_CONTENT_GONE', 'gone')
      yield { thing, outcome: 'Failed', error }
    },
    told: () => pending.push(returns.pending),
  })
  returns.want([USE])
  const running = returns.run(ending.signal)
  await eventually(() => pending.at(-1) === 0)
  const [before, triesBefore] = [asked, tries]
  await eventually(() => asked >= before + 3)
  expect([tries, returns.pending]).toEqual([triesBefore, 0])
  isNeeded = true
  await eventually(() => tries > triesBefore)
  expect(returns.pending).toBe(1)
  ending.abort()
  await running
})
