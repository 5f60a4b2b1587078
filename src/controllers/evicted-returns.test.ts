import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { type EvictedReturn, EvictedReturns, type EvictedReturnsParts } from '#controllers/evicted-returns.ts'
import type { EvictedUse } from '#controllers/evicted-use.ts'
import type { StillInUse } from '#controllers/still-in-use.ts'
import type { BroughtBack } from '#evict/bring-back.ts'
import type { Evicted } from '#evict/evicted.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { eventually } from '#test/harness/wait.ts'
import { type Clock, systemClock } from '#time/clock.ts'

const USE: EvictedUse = {
  thing: { run: 'run', repository: 'shop/app', tag: 'v1', digest: 'sha256:1', at: 1 },
  reason: { kind: 'reference', use: imageUse('r.example/shop/app:v1') },
}

/** A hundred times as fast. */
const fastClock: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * 100,
  schedule: (ms, callback) => systemClock.schedule(ms / 100, callback),
  sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
}

test('S04: what is wanted again while it is brought back is brought back once more: it may have gone again', async () => {
  const ending = new AbortController()
  const told: EvictedReturn[] = []
  let rounds = 0
  const returns = new EvictedReturns({
    clock: systemClock,
    stillInUse: async (uses) => ({ used: uses, isWhole: true }),
    async *bringBack([thing]): AsyncGenerator<BroughtBack> {
      if (thing === undefined) throw new Error('nothing is wanted')
      rounds += 1
      if (rounds === 1) returns.want([USE])
      yield { thing, outcome: 'Restored', at: rounds }
    },
    ...{ told: (returned) => told.push(...returned), disowned: () => undefined },
  })
  returns.want([USE])
  const running = returns.run(ending.signal)
  await eventually(() => told.length === 2)
  expect(told.map(({ at }) => at)).toEqual([1, 2])
  expect(returns.pending).toBe(0)
  ending.abort()
  await running
})

test('S04: what a tag named last comes back, also where it named something else before that cannot', async () => {
  const ending = new AbortController()
  const tried: string[] = []
  const returns = new EvictedReturns({
    clock: systemClock,
    stillInUse: async (uses) => ({ used: uses, isWhole: true }),
    async *bringBack([thing]): AsyncGenerator<BroughtBack> {
      if (thing === undefined) throw new Error('nothing is wanted')
      tried.push(thing.digest)
      if (thing.digest === 'sha256:2') yield { thing, outcome: 'Restored', at: 3 }
      else yield { thing, outcome: 'Failed', error: new TallymanError('RESTORE_CONTENT_GONE', 'gone') }
    },
    ...{ told: () => undefined, disowned: () => undefined },
  })
  returns.want([USE])
  const running = returns.run(ending.signal)
  await eventually(() => tried.length > 0)
  returns.want([{ ...USE, thing: { ...USE.thing, digest: 'sha256:2', at: 2 } }])
  await eventually(() => tried.at(-1) === 'sha256:2' && returns.pending === 0)
  ending.abort()
  await running
})

test('what nothing is said of is tried again, and not at once', async () => {
  const ending = new AbortController()
  const told: EvictedReturn[] = []
  const returns = new EvictedReturns({
    ...{ clock: systemClock, stillInUse: async (uses) => ({ used: uses, isWhole: true }) },
    async *bringBack(): AsyncGenerator<BroughtBack> {
      // Nothing is said.
    },
    ...{ told: (returned) => told.push(...returned), disowned: () => undefined },
  })
  returns.want([USE])
  const running = returns.run(ending.signal)
  await eventually(() => told.length >= 2)
  expect(told.map(({ error }) => error?.code)).toEqual(told.map(() => 'INTERNAL'))
  ending.abort()
  await running
})

test('what failed is not tried while nobody needs it, and is tried when somebody does again', async () => {
  const ending = new AbortController()
  const pending: number[] = []
  let isNeeded = true
  let [tries, asked] = [0, 0]
  const returns = new EvictedReturns({
    clock: fastClock,
    stillInUse: async (uses) => {
      asked += 1
      return { used: isNeeded ? uses : [], isWhole: true }
    },
    async *bringBack([thing]): AsyncGenerator<BroughtBack> {
      if (thing === undefined) throw new Error('nothing is wanted')
      tries += 1
      if (tries === 2) isNeeded = false
      const error = new TallymanError('RESTORE_CONTENT_GONE', 'gone')
      yield { thing, outcome: 'Failed', error }
    },
    ...{ told: () => pending.push(returns.pending), disowned: () => undefined },
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

const OWNER = USE
const SIGNATURE: EvictedUse = {
  ...USE,
  thing: { run: 'run', repository: 'shop/app', tag: 'sha256-1.sig', digest: 'sha256:2', at: 1 },
  belongsTo: [OWNER.thing],
}

/** Brings back an image with its signature. @param outcome of the image, when it is tried for the n-th time */
function signed(
  outcome: (tries: number) => BroughtBack['outcome'],
  stillInUse: EvictedReturnsParts['stillInUse'] = async (uses) => ({ used: uses, isWhole: true }),
) {
  const ending = new AbortController()
  const tried: string[] = []
  const disowned: Evicted[] = []
  const returns = new EvictedReturns({
    ...{ clock: fastClock, stillInUse },
    async *bringBack(things): AsyncGenerator<BroughtBack> {
      for (const thing of things) {
        tried.push(thing.tag ?? '')
        const came = thing.tag === 'v1' ? outcome(tried.filter((tag) => tag === 'v1').length) : 'Restored'
        if (came !== 'Failed') yield { thing, outcome: came, at: 1 }
        else yield { thing, outcome: came, error: new TallymanError('REGISTRY_UNREACHABLE', 'no answer') }
      }
    },
    ...{ told: () => undefined, disowned: (thing) => void disowned.push(thing) },
  })
  returns.want([SIGNATURE, OWNER])
  const running = returns.run(ending.signal)
  const end = async () => {
    ending.abort()
    await running
  }
  return { returns, tried, disowned, end }
}

test('S04: a signature comes back after what it belongs to', async () => {
  const { returns, tried, end } = signed((tries) => (tries === 1 ? 'Failed' : 'Restored'))
  await eventually(() => returns.pending === 0)
  expect(tried).toEqual(['v1', 'v1', 'sha256-1.sig'])
  await end()
})

test('S04: one that somebody uses in its own right waits for nothing, whichever came first', async () => {
  const direct = { ...SIGNATURE, belongsTo: undefined }
  for (const uses of [[direct], [direct, SIGNATURE], [SIGNATURE, direct]]) {
    const { returns, tried, end } = signed(() => 'Failed')
    expect(returns.isCompanion(SIGNATURE.thing)).toBe(true)
    for (const use of uses) returns.want([use])
    expect(returns.isCompanion(SIGNATURE.thing)).toBe(false)
    await eventually(() => tried.includes('sha256-1.sig') && !returns.has(SIGNATURE.thing))
    await end()
  }
})

test('S04: one that nobody uses in its own right any more is needed for what it belongs to', async () => {
  const direct = { ...SIGNATURE, belongsTo: undefined }
  let used: readonly Evicted[] = []
  let asked = 0
  let isAway = true
  const tried: string[] = []
  const ending = new AbortController()
  const returns = new EvictedReturns({
    clock: fastClock,
    stillInUse: async (uses) => {
      asked += 1
      const isUsed = ({ thing, belongsTo = [] }: EvictedUse) =>
        [thing, ...belongsTo].some((each) => used.includes(each))
      return { used: uses.filter(isUsed), isWhole: true }
    },
    async *bringBack(things): AsyncGenerator<BroughtBack> {
      for (const thing of things) {
        tried.push(thing.tag ?? '')
        if (!isAway) yield { thing, outcome: 'Restored', at: 1 }
        else yield { thing, outcome: 'Failed', error: new TallymanError('REGISTRY_UNREACHABLE', 'no answer') }
      }
    },
    ...{ told: () => undefined, disowned: () => undefined },
  })
  returns.want([direct])
  const running = returns.run(ending.signal)
  // Nobody needs it by now.
  await eventually(() => tried.length > 0 && returns.pending === 0)
  const before = asked
  isAway = false
  used = [OWNER.thing]
  returns.want([SIGNATURE])
  await eventually(() => asked > before && !returns.has(SIGNATURE.thing))
  ending.abort()
  await running
})

test('a signature of what a tag does not name any more stays away', async () => {
  const { returns, tried, disowned, end } = signed(() => 'Taken')
  await eventually(() => returns.pending === 0)
  expect(tried).toEqual(['v1'])
  expect(disowned).toEqual([SIGNATURE.thing])
  expect(returns.has(SIGNATURE.thing)).toBe(false)
  await end()
})

test('a signature that waits for what nobody needs any more alarms nobody', async () => {
  let isNeeded = true
  const { returns, tried, end } = signed(
    (tries) => {
      isNeeded = tries < 2
      return 'Failed'
    },
    async (uses) => ({ used: isNeeded ? uses : [], isWhole: true }),
  )
  await eventually(() => returns.pending === 0)
  expect(tried).not.toContain('sha256-1.sig')
  await end()
})

test('where nobody knows who needs it, what was needed is tried, and what was not is not', async () => {
  let answer: StillInUse | undefined = { used: [], isWhole: true }
  let asked = 0
  const { returns, tried, end } = signed(
    () => 'Failed',
    async () => {
      asked += 1
      if (answer === undefined) throw new TallymanError('REGISTRY_UNREACHABLE', 'no answer')
      return answer
    },
  )
  await eventually(() => returns.pending === 0)
  const [triesBefore, askedBefore] = [tried.length, asked]
  answer = undefined
  await eventually(() => asked >= askedBefore + 2)
  answer = { used: [], isWhole: false }
  await eventually(() => asked >= askedBefore + 4)
  expect([tried.length, returns.pending]).toEqual([triesBefore, 0])
  answer = { used: [OWNER], isWhole: false }
  await eventually(() => tried.length > triesBefore)
  await end()
})
