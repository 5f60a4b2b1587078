import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type HeadCluster, readHead, readShard, writeHead, writeShard } from '#inventory/ledger/document.ts'
import type { LedgerEntry } from '#inventory/ledger/ledger.ts'

const HOUR = 3_600_000
const unreadable = expect.objectContaining({ code: 'LEDGER_UNREADABLE' })
const place = { identity: 'uid-1', shard: 1, of: 4 }

const hours = fc.nat({ max: 1_000_000 }).map((count) => count * HOUR)
/** A pod that finished before the cluster was watched was seen at a negative watched time. */
const seconds = fc.integer({ min: -1_000_000, max: 1_000_000_000 }).map((count) => count * 1_000)
const entries: fc.Arbitrary<LedgerEntry[]> = fc.uniqueArray(
  fc.record({
    image: fc.string(),
    firstSeen: hours,
    lastSeen: hours,
    watched: seconds,
    users: fc.array(fc.string(), { maxLength: 3 }),
    digests: fc.array(
      fc.record({ digest: fc.string({ maxLength: 80 }), isConfig: fc.boolean(), watched: seconds }),
      { maxLength: 3 },
    ),
  }),
  { selector: ({ image }) => image },
)
const ms = fc.nat({ max: 2 ** 50 })
const clusters: fc.Arbitrary<HeadCluster[]> = fc.array(
  fc.record({
    record: fc.record({
      identity: fc.string({ minLength: 1, maxLength: 64 }),
      name: fc.string({ minLength: 1 }),
      entries: fc.array(fc.string()),
      watched: fc.record({ watchedMs: ms, coveredMs: ms, watchedUntil: ms }),
      baseline: fc.option(fc.record({ images: ms, watched: ms }), { nil: undefined }),
    }),
    shards: fc.integer({ min: 1, max: 64 }),
  }),
)

const heads = fc.record({
  origin: fc.option(fc.record({ id: fc.string({ minLength: 1, maxLength: 64 }), since: ms }), {
    nil: undefined,
  }),
  clusters,
})

describe('the head of a ledger', () => {
  it('S02: is read as it was written', () => {
    fc.assert(
      fc.property(heads, (head) => {
        expect(readHead(writeHead(head))).toEqual(head)
      }),
    )
  })

  it('S02: is unreadable where its end is missing', () => {
    fc.assert(
      fc.property(heads, fc.nat(), (head, length) => {
        const text = writeHead(head)
        expect(() => readHead(text.slice(0, length % text.length))).toThrow(unreadable)
      }),
    )
  })

  it('S02: that names no origin is one of a version that had none', () => {
    expect(readHead('{"version":1,"clusters":[]}')).toEqual({ origin: undefined, clusters: [] })
  })

  it('S02: of another version is not guessed at', () => {
    expect(() => readHead('{"version":2,"clusters":[]}')).toThrow(unreadable)
  })

  it.each(['{"version":1}', '{"version":1,"clusters":[{"identity":"uid-1"}]}', 'null', '[]'])(
    'S02: is unreadable as %s',
    (text) => {
      expect(() => readHead(text)).toThrow(unreadable)
    },
  )
})

describe('a shard of a ledger', () => {
  it('S02: is read as it was written, sorted by image', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const sorted = list.toSorted((a, b) => (a.image < b.image ? -1 : 1))
        expect(readShard(writeShard(place, list), place)).toEqual(sorted)
      }),
    )
  })

  it('says moments to the second, rounded down, and sights to the hour', () => {
    const entry = {
      image: 'nginx',
      firstSeen: HOUR,
      lastSeen: 2 * HOUR,
      watched: 1_999,
      users: [],
      digests: [],
    }
    expect(readShard(writeShard(place, [entry]), place)).toEqual([{ ...entry, watched: 1_000 }])
  })

  it('S02: is unreadable where its end is missing', () => {
    fc.assert(
      fc.property(entries, fc.nat(), (list, length) => {
        const text = writeShard(place, list)
        expect(() => readShard(text.slice(0, length % text.length), place)).toThrow(unreadable)
      }),
    )
  })

  it.each([
    { ...place, identity: 'uid-2' },
    { ...place, shard: 2 },
    { ...place, of: 8 },
  ])('S02: is unreadable in the place $identity $shard of $of', (other) => {
    expect(() => readShard(writeShard(place, []), other)).toThrow(unreadable)
  })

  it('S02: of another version is not guessed at', () => {
    const text = writeShard(place, []).replace('"version":1', '"version":2')
    expect(() => readShard(text, place)).toThrow(unreadable)
  })
})
