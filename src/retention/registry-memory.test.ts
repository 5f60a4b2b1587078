import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { atOnce } from '#inventory/at-once.ts'
import type { ComeAgain } from '#retention/come-again.ts'
import type { RegistryFacts, RepositoryFacts, TagFacts } from '#retention/facts.ts'
import { type RegistryMemory, recall, withoutFirstSeen } from '#retention/registry-memory.ts'

const NONE: ComeAgain = new Map()
const REGISTRY = { uid: 'u', url: 'https://registry.example' }

type Seen = Readonly<Record<string, string | undefined>>

interface Scan {
  readonly readAt: number
  readonly isWhole: boolean
  readonly repositories: Readonly<Record<string, { readonly isWhole: boolean; readonly tags: Seen }>>
}

function factsOf({ readAt, isWhole, repositories }: Scan): RegistryFacts {
  const sorted = Object.entries(repositories).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    ...{ readAt, incomplete: isWhole ? undefined : 'why', manifests: new Map(), referrers: new Map() },
    repositories: sorted.map(([name, { isWhole: all, tags }]) => ({
      ...{ name, incomplete: all ? undefined : 'why', untagged: [] },
      tags: Object.keys(tags)
        .sort()
        .map((tag) => tagFacts(tag, tags[tag])),
    })),
  }
}

const tagFacts = (tag: string, digest: string | undefined): TagFacts => ({
  ...{ tag, digest, digestSince: undefined, boundSince: undefined },
})

/** Scans of one repository, or of `other` too, each all there was. */
const scan = (readAt: number, app: Seen, other: Seen = {}): Scan => ({
  ...{ readAt, isWhole: true },
  repositories: { app: { isWhole: true, tags: app }, other: { isWhole: true, tags: other } },
})

function recallAll(scans: readonly Scan[], registry = REGISTRY, again: ComeAgain = NONE) {
  let memory: RegistryMemory | undefined
  let facts: RegistryFacts | undefined
  for (const each of scans) ({ memory, facts } = atOnce(recall(memory, factsOf(each), registry, again)))
  return { memory, facts }
}

/** `[digestSince, boundSince]` of each tag of `app`. */
function since(scans: readonly Scan[]) {
  const app = recallAll(scans).facts?.repositories.find(({ name }) => name === 'app')
  return Object.fromEntries(
    (app?.tags ?? []).map(({ tag, digestSince, boundSince }) => [tag, [digestSince, boundSince]]),
  )
}

describe('since when a tag names what it names', () => {
  test('is the time of the first scan for what that saw', () => {
    expect(since([scan(10, { a: 'A', b: 'B' })])).toEqual({ a: [10, 10], b: [10, 10] })
    expect(since([scan(10, { a: 'A' }), scan(20, { a: 'A', b: 'A', c: 'C' })])).toEqual({
      a: [10, 10],
      b: [10, 20],
      c: [20, 20],
    })
  })

  test('starts anew with another digest, and with the same one where the tag was gone between', () => {
    expect(since([scan(10, { a: 'A', b: 'B' }), scan(20, { a: 'B' }), scan(30, { a: 'B', b: 'B' })])).toEqual(
      {
        ...{ a: [10, 20], b: [10, 30] },
      },
    )
    expect(since([scan(10, { a: 'A' }), scan(20, {}), scan(30, { a: 'A' })])).toEqual({ a: [30, 30] })
  })

  test.each([
    [9, 10],
    [10, 30],
    [25, 30],
  ])('S10: is not longer ago than the policy took it away itself: at %i', (went, bound) => {
    const again = new Map([['app', new Map([['a', went]])]])
    const { memory } = recallAll([scan(10, { a: 'A', b: 'B' }), scan(20, { a: 'A', b: 'B' })])
    const { facts, memory: next } = atOnce(
      recall(memory, factsOf(scan(30, { a: 'A', b: 'B' })), REGISTRY, again),
    )
    expect(facts.repositories[0]?.tags).toMatchObject([{ boundSince: bound }, { boundSince: 10 }])
    const { facts: later } = atOnce(recall(next, factsOf(scan(40, { a: 'A', b: 'B' })), REGISTRY, again))
    expect(later.repositories[0]?.tags).toMatchObject([{ boundSince: bound }, { boundSince: 10 }])
  })

  test('is known of a digest from whatever repository had it first', () => {
    expect(since([scan(10, {}, { x: 'A' }), scan(20, { a: 'A' }, {}), scan(30, { a: 'A' }, {})])).toEqual({
      a: [10, 20],
    })
  })

  test.each([
    ['a tag that was not resolved', { isWhole: false, tags: { a: undefined } }],
    ['a tag that was not listed', { isWhole: false, tags: {} }],
  ])('stays remembered where the repository was not read in full: %s', (_, app) => {
    const part: Scan = { readAt: 20, isWhole: true, repositories: { app } }
    expect(since([scan(10, { a: 'A' }), part]).a ?? [undefined, undefined]).toEqual([undefined, undefined])
    expect(since([scan(10, { a: 'A' }), part, scan(30, { a: 'A' })])).toEqual({ a: [10, 10] })
    expect(since([scan(10, { a: 'A' }), part, scan(30, { a: 'B' })])).toEqual({ a: [30, 30] })
  })

  test('stays remembered of a repository that an incomplete list does not have, and not of one that a complete list does not have', () => {
    const without = (isWhole: boolean): Scan => ({ readAt: 20, isWhole, repositories: {} })
    const [first, last] = [scan(10, { a: 'A' }), scan(30, { a: 'A' })]
    expect(since([first, without(false), last])).toEqual({ a: [10, 10] })
    expect(since([first, without(true), last])).toEqual({ a: [30, 30] })
  })

  test('S02: does not look longer ago than it is after the clock was put back', () => {
    expect(
      since([scan(100, { a: 'A' }), scan(50, { a: 'A', b: 'B' }), scan(110, { a: 'A', b: 'B' })]),
    ).toEqual({
      ...{ a: [100, 100], b: [100, 100] },
    })
  })

  test.each([
    ['another Registry object', { ...REGISTRY, uid: 'v' }],
    ['another URL', { ...REGISTRY, url: 'https://other.example' }],
  ])('is not taken over by %s', (_, registry) => {
    const { memory } = recallAll([scan(10, { a: 'A' })])
    const { facts } = atOnce(recall(memory, factsOf(scan(20, { a: 'A' })), registry, NONE))
    expect(facts.repositories[0]?.tags[0]).toMatchObject({ boundSince: 20, digestSince: 20 })
  })
})

const tags = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('A', 'B', 'C'))
const damaged = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('A', 'B', undefined))
const repository = fc.oneof(
  tags.map((seen) => ({ isWhole: true, tags: seen })),
  damaged.map((seen) => ({ isWhole: false, tags: seen })),
)
const scanOf = fc.record({
  readAt: fc.nat({ max: 100 }),
  isWhole: fc.boolean(),
  repositories: fc.dictionary(fc.constantFrom('x', 'y', 'z'), repository),
})

describe('whatever was scanned', () => {
  test('the dates are those of a slow and obvious bookkeeping', () => {
    fc.assert(
      fc.property(fc.array(scanOf, { maxLength: 8 }), (scans) => {
        const books = new Books()
        let memory: RegistryMemory | undefined
        for (const each of scans) {
          const recalled = atOnce(recall(memory, factsOf(each), REGISTRY, NONE))
          memory = recalled.memory
          books.enter(each)
          for (const { name, tags: seen } of recalled.facts.repositories) {
            for (const { tag, digest, boundSince, digestSince } of seen) {
              const expected = digest === undefined ? [undefined, undefined] : books.dates(name, tag, digest)
              expect([digestSince, boundSince]).toEqual(expected)
            }
          }
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('no date is later than the latest scan, and a digest is known no later than its tag', () => {
    fc.assert(
      fc.property(fc.array(scanOf, { minLength: 1, maxLength: 8 }), (scans) => {
        const { memory } = recallAll(scans)
        for (const { tags: all, digests, boundSince, digestSince } of memory?.repositories.values() ?? []) {
          expect(all).toEqual([...new Set(all)].sort())
          expect([digests.length, boundSince.length, digestSince.length]).toEqual([
            ...[all.length, all.length, all.length],
          ])
          for (const [place, bound] of boundSince.entries()) {
            expect(bound).toBeLessThanOrEqual(memory?.at ?? 0)
            expect(digestSince[place]).toBeLessThanOrEqual(bound)
          }
        }
      }),
    )
  })
})

/** One line for every binding that may be there, in no particular order. */
class Books {
  #lines: { repository: string; tag: string; digest: string; since: number }[] = []
  #digests = new Map<string, number>()
  #at = Number.NEGATIVE_INFINITY

  enter({ readAt, isWhole, repositories }: Scan): void {
    this.#at = Math.max(this.#at, readAt)
    const stays = (line: { repository: string; tag: string; digest: string }) => {
      const seen = repositories[line.repository]
      if (seen === undefined) return !isWhole
      const digest = seen.tags[line.tag]
      return digest === undefined ? !seen.isWhole : digest === line.digest
    }
    this.#lines = this.#lines.filter(stays)
    for (const [repository, { tags: seen }] of Object.entries(repositories)) {
      for (const [tag, digest] of Object.entries(seen)) {
        if (digest === undefined || this.#line(repository, tag, digest) !== undefined) continue
        this.#lines.push({ repository, tag, digest, since: this.#at })
      }
    }
    const named = new Set(this.#lines.map(({ digest }) => digest))
    this.#digests = new Map([...named].map((digest) => [digest, this.#digests.get(digest) ?? this.#at]))
  }

  dates(repository: string, tag: string, digest: string) {
    return [this.#digests.get(digest), this.#line(repository, tag, digest)?.since]
  }

  #line(repository: string, tag: string, digest: string) {
    return this.#lines.find(
      (line) => line.repository === repository && line.tag === tag && line.digest === digest,
    )
  }
}

test('lets others have their turn every few thousand tags', () => {
  const repositories: RepositoryFacts[] = Array.from({ length: 4 }, (_, r) => ({
    ...{ name: `r${r}`, incomplete: undefined, untagged: [] },
    tags: Array.from({ length: 10_000 }, (__, t) => tagFacts(`t${10_000 + t}`, `${r}-${t}`)),
  }))
  const facts = { ...factsOf(scan(10, {})), repositories }
  const steps = recall(undefined, facts, REGISTRY, NONE)
  let count = 0
  while (steps.next().done !== true) count += 1
  expect(count).toBeGreaterThanOrEqual(9)
})

describe('S10: what the first scan saw', () => {
  test('has no beginning that anybody has seen, and what came later has', () => {
    const first = atOnce(recall(undefined, factsOf(scan(1, { old: 'a' })), REGISTRY, NONE))
    const second = atOnce(recall(first.memory, factsOf(scan(5, { old: 'a', new: 'b' })), REGISTRY, NONE))
    const since = atOnce(withoutFirstSeen(second)).repositories.flatMap(({ tags }) =>
      tags.map(({ tag, boundSince, digestSince }) => [tag, boundSince, digestSince]),
    )
    expect(since).toEqual([
      ['new', 5, 5],
      ['old', undefined, 1],
    ])
    expect(second.memory.firstAt).toBe(1)
  })
})
