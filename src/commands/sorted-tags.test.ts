import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sortedTags } from '#commands/sorted-tags.ts'

async function* each(batches: readonly (readonly string[])[]) {
  yield* batches
}

async function collect(batches: readonly (readonly string[])[], mostHeld?: number): Promise<string[][]> {
  const all: string[][] = []
  for await (const batch of sortedTags(each(batches), mostHeld)) all.push([...batch])
  return all
}

const tags = fc.array(fc.stringMatching(/^[a-zA-Z0-9._-]{1,4}$/), { maxLength: 8 })

describe('the tags of a repository', () => {
  test('go on page by page where they come in order', async () => {
    const pages = [['a', 'b'], ['b1'], [], ['c', 'd']]
    expect(await collect(pages)).toEqual(pages)
  })

  test('are sorted where they do not', async () => {
    expect(await collect([['v2', 'v10', 'v1']])).toEqual([['v1', 'v10', 'v2']])
    expect((await collect([['b', 'a'], ['d'], ['c']])).flat()).toEqual(['a', 'b', 'c', 'd'])
    expect((await collect([['a', 'b'], ['d', 'c'], ['e']])).flat()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('are all there, however they come and however little may be held', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tags), fc.nat(200), async (batches, mostHeld) => {
        const all = (await collect(batches, mostHeld)).flat()
        expect(all.toSorted()).toEqual(batches.flat().toSorted())
      }),
    )
  })

  test('are sorted whatever their order where the first page tells that they have none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tags), async (batches) => {
        const all = (await collect([['z', 'a'], ...batches])).flat()
        expect(all).toEqual(all.toSorted())
      }),
    )
  })

  test('are held no more than may be', async () => {
    const sizes = (
      await collect(
        Array.from({ length: 100 }, (_, n) => [`${n}b`, `${n}a`]),
        400,
      )
    ).map((batch) => batch.length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(14)
  })
})
