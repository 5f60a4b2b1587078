import { describe, expect, it } from 'vitest'
import { sideBySide } from '#scan/side-by-side.ts'

async function* counting(to: number): AsyncGenerator<number> {
  for (let n = 0; n < to; n += 1) yield n
}

describe('sideBySide', () => {
  it.each([
    ['a list', [0, 1, 2, 3, 4]],
    ['what comes bit by bit', counting(5)],
  ])(
    'gives the results of %s in the order of the items, and does no more at once than it may',
    async (_, items) => {
      let running = 0
      let most = 0
      const ends: (() => void)[] = []
      const done = sideBySide(items, 2, async (item: number) => {
        running += 1
        most = Math.max(most, running)
        await new Promise<void>((resolve) => {
          ends.push(resolve)
          // The later of two ends first.
          if (ends.length === 2 || item === 4) for (const end of ends.splice(0).reverse()) end()
        })
        running -= 1
        return item * 10
      })
      expect(await done).toEqual([0, 10, 20, 30, 40])
      expect(most).toBe(2)
    },
  )

  it('begins nothing after a failure, and waits for what is under way', async () => {
    const begun: number[] = []
    let isOver = false
    const done = sideBySide(counting(100), 2, async (item) => {
      begun.push(item)
      if (item === 1) throw new Error('no')
      await new Promise(setImmediate)
      isOver = true
    })
    await expect(done).rejects.toThrow('no')
    expect(isOver).toBe(true)
    expect(begun).toEqual([0, 1])
  })

  it('fails with the iteration', async () => {
    async function* broken(): AsyncGenerator<number> {
      yield 1
      throw new Error('broke off')
    }
    const stop = new AbortController()
    await expect(sideBySide(broken(), 3, async () => undefined, stop)).rejects.toThrow('broke off')
    expect(stop.signal.reason).toMatchObject({ message: 'broke off' })
  })
})
