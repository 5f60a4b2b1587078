import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Evicted } from './evicted.ts'
import { EvictedThings } from './evicted-things.ts'

const digest = fc.oneof(
  fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => `sha256:${Buffer.from(bytes).toString('hex')}`),
  fc.constantFrom('sha256:a', `sha256:${'A'.repeat(64)}`, `sha512:${'0'.repeat(128)}`),
)
const maybe = <T>(each: fc.Arbitrary<T>) => fc.option(each, { nil: undefined })
const thing: fc.Arbitrary<Evicted> = fc.record({
  run: fc.constantFrom('run-1', 'run-2'),
  repository: fc.constantFrom('shop/app', 'shop/web'),
  tag: maybe(fc.string({ minLength: 1, maxLength: 128, unit: 'grapheme' })),
  digest,
  at: fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.constant(Number.NEGATIVE_INFINITY)),
  config: maybe(digest),
  subject: maybe(digest),
  isPart: fc.boolean(),
})
const things = fc.array(thing, { maxLength: 20 })

/** In an order of their own: they come by run and repository. */
function sorted(all: Iterable<Evicted>): Evicted[] {
  return [...all].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

describe('S04: things that were evicted', () => {
  test('are told as they were, whether they were added at once or one by one', () => {
    fc.assert(
      fc.property(things, things, (first, then) => {
        const packed = new EvictedThings(first)
        for (const each of then) packed.add([each])
        expect(packed.size).toBe(first.length + then.length)
        expect(sorted(packed)).toEqual(sorted([...first, ...then]))
        expect(packed.repositories).toEqual(new Set([...first, ...then].map(({ repository }) => repository)))
        const ofRun = [...first, ...then].filter(({ run }) => run === 'run-2')
        expect(packed.repositoriesOf('run-2')).toEqual(new Set(ofRun.map(({ repository }) => repository)))
        const app = (each: Evicted) => each.repository === 'shop/app'
        expect(sorted(packed.of('shop/app'))).toEqual(sorted([...first, ...then].filter(app)))
      }),
    )
  })

  test('are joined, and taken out by their run; those that they come from stay as they are', () => {
    fc.assert(
      fc.property(things, things, (first, then) => {
        const [one, other] = [new EvictedThings(first), new EvictedThings()]
        other.add(then)
        const both = one.with(other)
        expect(sorted(both)).toEqual(sorted([...first, ...then]))
        const rest = both.without(new Set(['run-1']))
        expect(sorted(rest)).toEqual(sorted([...first, ...then].filter(({ run }) => run !== 'run-1')))
        expect(rest.size).toBe([...rest].length)
        const its = both.by(new Set(['run-1']))
        expect(sorted(its)).toEqual(sorted([...first, ...then].filter(({ run }) => run === 'run-1')))
        expect(its.size + rest.size).toBe(both.size)
        rest.add(first)
        expect(both.size).toBe(first.length + then.length)
        expect([one.size, other.size]).toEqual([first.length, then.length])
      }),
    )
  })

  test('are all there, however many they are', () => {
    const hex = (at: number) => at.toString(16).padStart(64, '0')
    const packed = new EvictedThings()
    for (let at = 0; at < 1_250; at += 1) {
      const known = { run: 'run', repository: `shop/app-${at % 100}`, digest: `sha256:${hex(at)}`, at }
      const config = `sha256:${hex(at + 1)}`
      packed.add([
        { ...known, config, tag: `v1.${at}.0-build-7` },
        { ...known, config },
      ])
    }
    const tags = new Set([...packed].map(({ tag, digest: of }) => tag ?? of))
    expect([packed.size, tags.size]).toEqual([2_500, 2_500])
  })
})
