import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changedShards, MAX_SHARDS, shardOf } from '#inventory/ledger/shards.ts'

const shards = fc.integer({ min: 1, max: MAX_SHARDS })

describe('the shard of an image', () => {
  it('is the same for ever: what is stored is looked for there', () => {
    expect([1, 2, 4, 64].map((count) => shardOf('registry.example/shop/web:1.2.3', count))).toEqual([
      0, 0, 0, 4,
    ])
  })

  it('is one of them', () => {
    fc.assert(
      fc.property(fc.string(), shards, (image, count) => {
        const shard = shardOf(image, count)
        expect(Number.isInteger(shard) && shard >= 0 && shard < count).toBe(true)
      }),
    )
  })

  it('spreads images evenly', () => {
    const counts = new Map<number, number>()
    for (let i = 0; i < 8_000; i += 1) {
      const shard = shardOf(`registry.example/app-${i}`, 8)
      counts.set(shard, (counts.get(shard) ?? 0) + 1)
    }
    expect(Math.min(...counts.values())).toBeGreaterThan(800)
    expect(Math.max(...counts.values())).toBeLessThan(1_200)
  })
})

it('S02: the changed shards are those of all images that changed, and no others', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), shards, (images, count) => {
      expect(changedShards(images, count)).toEqual(new Set(images.map((image) => shardOf(image, count))))
    }),
  )
})
