import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inOrder } from '#commands/in-order.ts'

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const result of results) all.push(result)
  return all
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T, void, void> {
  yield* items
}

describe('work in order', () => {
  test('gives every result in the order of the items, and has no more under way than it may', async () => {
    const items = fc.array(fc.record({ value: fc.integer(), turns: fc.nat(5) }), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(items, fc.integer({ min: 1, max: 8 }), async (all, width) => {
        let running = 0
        let most = 0
        const results = inOrder(each(all), width, async ({ value, turns }) => {
          running += 1
          most = Math.max(most, running)
          for (let turn = 0; turn < turns; turn++) await undefined
          running -= 1
          return value
        })
        expect(await collect(results)).toEqual(all.map(({ value }) => value))
        expect(most).toBeLessThanOrEqual(width)
      }),
    )
  })

  test('hands on what is done while more items are waited for', async () => {
    const more = Promise.withResolvers<void>()
    async function* items() {
      yield 1
      await more.promise
      yield 2
    }
    const results = inOrder(items(), 8, async (item) => item)
    expect(await results.next()).toEqual({ value: 1, done: false })
    more.resolve()
    expect(await collect(results)).toEqual([2])
  })

  test('fails in its turn, as work or items did', async () => {
    const boom = new Error('boom')
    const seen: number[] = []
    const work = async (item: number) => {
      if (item === 3) throw boom
      return item
    }
    const results = inOrder(each([1, 2, 3, 4]), 4, work)
    const all = (async () => {
      for await (const result of results) seen.push(result)
    })()
    await expect(all).rejects.toBe(boom)
    expect(seen).toEqual([1, 2])
    async function* broken() {
      yield 1
      throw boom
    }
    await expect(collect(inOrder(broken(), 1, work))).rejects.toBe(boom)
  })

  test('ends the items where nobody wants more', async () => {
    let isEnded = false
    async function* endless() {
      try {
        for (let n = 0; ; n++) yield n
      } finally {
        isEnded = true
      }
    }
    for await (const n of inOrder(endless(), 3, async (item) => item)) if (n === 5) break
    await expect.poll(() => isEnded).toBe(true)
  })
})
