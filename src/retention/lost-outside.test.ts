import { describe, expect, test } from 'vitest'
import { atOnce } from '#inventory/at-once.ts'
import type { RegistryFacts } from '#retention/facts.ts'
import { lostOutside } from '#retention/lost-outside.ts'
import type { RegistryMemory } from '#retention/registry-memory.ts'

type Tags = Readonly<Record<string, string | undefined>>

function memoryOf(repositories: Readonly<Record<string, Readonly<Record<string, string>>>>): RegistryMemory {
  return {
    ...{ registry: { uid: 'u', url: 'https://registry.example' }, at: 1, firstAt: 1 },
    repositories: new Map(
      Object.entries(repositories).map(([name, tags]) => {
        const since = Object.keys(tags).map(() => 1)
        const columns = { tags: Object.keys(tags), digests: Object.values(tags) }
        return [name, { ...columns, boundSince: since, digestSince: since }]
      }),
    ),
  }
}

function factsOf(repositories: Readonly<Record<string, Tags>>, incomplete?: string): RegistryFacts {
  return {
    ...{ readAt: 2, incomplete, manifests: new Map(), referrers: new Map() },
    repositories: Object.entries(repositories).map(([name, tags]) => ({
      ...{ name, untagged: [] },
      incomplete: Object.values(tags).includes(undefined) ? 'why' : undefined,
      tags: Object.entries(tags).map(([tag, digest]) => ({
        ...{ tag, digest, digestSince: undefined, boundSince: undefined },
      })),
    })),
  }
}

const BEFORE = memoryOf({ app: { a: 'A', b: 'B', c: 'C' }, web: { x: 'X' } })
const WEB = { x: 'X' }
const lost = (facts: RegistryFacts, went: Parameters<typeof lostOutside>[2] = [], before = BEFORE) =>
  atOnce(lostOutside(before, facts, went))
const names = (facts: RegistryFacts, went?: Parameters<typeof lostOutside>[2]) =>
  lost(facts, went).first.map(({ repository, tag, digest }) => `${repository}:${tag}@${digest}`)

describe('S14: a tag that was to stay and is gone', () => {
  test('is lost', () => {
    expect(names(factsOf({ app: { a: 'A', b: 'B', c: 'C' }, web: WEB }))).toEqual([])
    expect(names(factsOf({ app: { b: 'B' }, web: WEB }))).toEqual(['app:a@A', 'app:c@C'])
    expect(names(factsOf({ app: {}, web: WEB }))).toEqual(['app:a@A', 'app:b@B', 'app:c@C'])
  })

  test('is not lost where it names something else', () => {
    expect(names(factsOf({ app: { a: 'B', b: 'B', c: 'C' }, web: WEB }))).toEqual([])
  })

  test('is not lost where it was to go, or the policy removed it, as it was', () => {
    const facts = factsOf({ app: { c: 'C' }, web: WEB })
    const a = { repository: 'app', tag: 'a', digest: 'A' }
    expect(names(facts, [a])).toEqual(['app:b@B'])
    expect(names(facts, [{ ...a, digest: 'B' }])).toEqual(['app:a@A', 'app:b@B'])
  })

  test('is not known to be lost where its repository, or the list of them, was not read in full', () => {
    expect(names(factsOf({ app: { b: undefined }, web: WEB }))).toEqual([])
    expect(names(factsOf({ web: WEB }, 'why'))).toEqual([])
    expect(names(factsOf({ web: WEB }))).toEqual(['app:a@A', 'app:b@B', 'app:c@C'])
  })

  test('is counted, and the first ten are named', () => {
    const tags = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`t${100 + n}`, `D${n}`]))
    const { count, first } = lost(factsOf({ app: {} }), [], memoryOf({ app: tags }))
    expect(count).toBe(25)
    expect(first.map(({ tag }) => tag)).toEqual(Object.keys(tags).slice(0, 10))
  })
})
