import { describe, test } from 'vitest'
import { checkThroughRoughNetwork } from '#test/harness/rough-network.ts'

describe('S22: behind resets, 5xx, 429, delays and cut answers', () => {
  // Together: most of the time is waiting, as 429 asks for.
  test.concurrent.for([
    ['2.8', 'Blobs'],
    ['2.8', 'Content'],
    ['3', 'Blobs'],
    ['3', 'Content'],
  ] as const)(
    'on a registry %s at depth %s nothing whole is called broken, everything broken is found, and 99 of 100 that are whole are seen healthy',
    { timeout: 180_000 },
    async ([version, depth], { expect }) => {
      const result = await checkThroughRoughNetwork({ version, depth, whole: 300, concurrency: 16 })
      expect(result.falseFindings).toEqual([])
      expect(result.falselyBroken).toEqual([])
      expect(result.found).toEqual(result.planted)
      expect(result.seenWhole).toBeGreaterThanOrEqual(0.99 * result.whole)
      for (const [fault, times] of result.struck) expect(times, `${fault} struck`).toBeGreaterThan(0)
    },
  )
})
