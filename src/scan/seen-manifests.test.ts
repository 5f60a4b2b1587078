import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type SeenManifest, SeenManifests } from '#scan/seen-manifests.ts'

const manifest = (children: number): SeenManifest => ({
  children: Array.from({ length: children }, (_, at) => `${at}`),
  indexes: [],
})
const SMALL = manifest(0)

/** The same every time: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

test('remembers what there is room for, with its children, and what was set last', () => {
  const set = fc.record({ name: fc.nat(15).map(String), children: fc.nat(12) })
  fc.assert(
    fc.property(fc.array(set), fc.integer(), (sets, seed) => {
      const seen = new SeenManifests(20, seeded(seed))
      const latest = new Map<string, SeenManifest>()
      for (const { name, children } of sets) {
        const each = manifest(children)
        latest.set(name, each)
        seen.set(name, each)
        expect(seen.get(name)).toBe(each)
        const held = [...latest].filter(([known]) => seen.get(known) !== undefined)
        for (const [known, last] of held) expect(seen.get(known)).toBe(last)
        expect(held.reduce((sum, [, last]) => sum + 1 + last.children.length, 0)).toBeLessThanOrEqual(20)
      }
      const whole = [...latest.values()].reduce((sum, last) => sum + 1 + last.children.length, 0)
      const forgets = sets.length > latest.size
      if (whole <= 20 && !forgets) for (const [name, last] of latest) expect(seen.get(name)).toBe(last)
    }),
  )
})

test('a manifest that is larger than all the room is remembered alone', () => {
  const seen = new SeenManifests(20)
  seen.set('small', SMALL)
  seen.set('large', manifest(40))
  expect([seen.get('small'), seen.get('large')]).toEqual([undefined, manifest(40)])
  seen.set('small', SMALL)
  expect([seen.get('small'), seen.get('large')]).toEqual([SMALL, undefined])
})

test.each([
  [1, 0],
  [1.1, 0.2],
  [1.25, 0.4],
  [2, 0.85],
])(
  'of %f times what there is room for, lap after lap, not more than a share of %f is read again',
  (times, share) => {
    const room = 2_000
    const seen = new SeenManifests(room, seeded(7))
    const names = Array.from({ length: room * times }, (_, at) => `shop/app@${at}`)
    const lap = () => {
      let reads = 0
      for (const name of names) {
        if (seen.get(name) !== undefined) continue
        reads += 1
        seen.set(name, SMALL)
      }
      return reads
    }
    const [first, ...later] = Array.from({ length: 12 }, lap)
    expect(first).toBe(names.length)
    for (const reads of later) expect(reads / names.length).toBeLessThanOrEqual(share)
  },
)
