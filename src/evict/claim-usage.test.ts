import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { UsageClaim } from '#inventory/claim.ts'
import { type ClaimParts, claimInParts, united } from './claim-usage.ts'

const HOUR = 3_600_000

function claim(images: readonly string[], more: Partial<UsageClaim> = {}): UsageClaim {
  return {
    ...{ installation: 'a', writtenAt: 0, coveredSince: 5_000, synced: true, trusted: true },
    ...{ images: [...images].sort(), digests: [], configs: [], pins: [], ...more },
  }
}

const many = Array.from({ length: 2_000 }, (_, n) => `app:${n}`)

describe('S01: a claim in two documents', () => {
  test('says, one after the other, all that is in use, and no less than the claim', () => {
    const images = fc.uniqueArray(fc.integer({ min: 0, max: 400 }).map(String), { maxLength: 300 })
    const written = fc.record({ images, hours: fc.integer({ min: 1, max: 13 }), synced: fc.boolean() })
    fc.assert(
      fc.property(fc.array(written, { maxLength: 8 }), (all) => {
        let parts: ClaimParts | undefined
        let now = 0
        const saidAt = new Map<string, number>()
        for (const { images: used, hours, synced } of all) {
          now += hours * HOUR
          for (const image of used) saidAt.set(image, now)
          parts = claimInParts(parts, claim(used, { writtenAt: now, synced }))
          const said = united(parts)
          expect(said.synced).toBe(synced)
          expect(said.images).toEqual(expect.arrayContaining(used))
          for (const image of said.images)
            expect(now - (saidAt.get(image) ?? 0)).toBeLessThanOrEqual(24 * HOUR)
        }
      }),
    )
  })

  test('writes again only what came since', () => {
    const first = claimInParts(undefined, claim(many))
    const second = claimInParts(first, claim([...many.slice(1), 'new:1'], { writtenAt: HOUR }))
    expect(second.whole).toBe(first.whole)
    expect(second.added.images).toEqual(['new:1'])
    const third = claimInParts(
      second,
      claim([...many, 'new:1'], { writtenAt: 2 * HOUR, coveredSince: 5_999 }),
    )
    expect(third.added).toBe(second.added)
  })

  test('says at once that a ledger is another one (S02)', () => {
    const by = (id: string, isKept = true) => ({
      ledgers: [{ inventory: 'ops/all', id, since: 0, isKept }],
    })
    let parts = claimInParts(undefined, claim(many, by('old')))
    for (const ledgers of [by('new', false), by('new')]) {
      parts = claimInParts(parts, claim(many, ledgers))
      expect(united(parts)).toMatchObject(ledgers)
    }
    expect(claimInParts(parts, claim(many, by('new'))).added).toBe(parts.added)
  })

  test.each([
    ['after a day', claim(many, { writtenAt: 24 * HOUR + 1 })],
    ['where much came', claim([...many, ...many.slice(0, 201).map((image) => `new/${image}`)])],
  ])('is written anew %s', (_, later) => {
    const first = claimInParts(undefined, claim(many))
    expect(claimInParts(first, later)).toEqual({ whole: later, added: { ...later, images: [] } })
  })

  test('is written anew when it did not know everything', () => {
    const first = claimInParts(undefined, claim([], { trusted: false }))
    expect(claimInParts(first, claim(['a'])).whole.images).toEqual(['a'])
  })

  test('says anew which limit it exceeds', () => {
    const first = claimInParts(undefined, claim(['a']))
    const second = claimInParts(first, claim([], { synced: false, exceeded: 'images' }))
    const third = claimInParts(second, claim([], { synced: false, exceeded: 'bytes' }))
    expect([second, third].map((parts) => united(parts).exceeded)).toEqual(['images', 'bytes'])
    expect(united(claimInParts(third, claim(['a']))).exceeded).toBeUndefined()
  })

  test.each([{ synced: false }, { trusted: false }, { coveredSince: undefined }])(
    'says at once that it is %j',
    (change) => {
      const first = claimInParts(undefined, claim(['a']))
      expect(united(claimInParts(first, claim(['a'], change)))).toMatchObject(change)
    },
  )
})
