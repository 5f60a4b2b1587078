import { describe, expect, test } from 'vitest'
import type { ManifestFacts } from '#retention/facts.ts'
import { soaking } from '#retention/soak.ts'
import { codes, judged } from '#test/harness/judging.ts'
import { DAY_MS, imageFacts, indexFacts, READ_AT, repositoryFacts } from '#test/harness/registry-facts.ts'
import { planOf, soaked, soakWith, withinLimit } from '#test/harness/retention-at-once.ts'

const WHOSE = { url: 'https://r.example', registry: 'uid-1', policy: 'uid-2', rules: 'sha256:3' }
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name, at) => imageFacts(name, 10 + at)) as [
  ...[ManifestFacts, ManifestFacts, ManifestFacts, ManifestFacts],
]
const judgement = judged({
  repositories: [repositoryFacts('app', { v4: a, v3: b, v2: c, v1: d, also: d })],
  manifests: [a, b, c, d],
})
const limited = (maxEvictions: number | undefined, of = judgement) =>
  codes(withinLimit(of, { maxEvictions, maxEvictionPercent: undefined }, READ_AT))

describe('S11: maxEvictions', () => {
  test('takes the oldest first, and keeps the rest for a later run', () => {
    expect(limited(2)).toEqual({
      'app:v4': 'keep Newest',
      'app:v3': 'keep OverLimit',
      'app:v2': 'keep OverLimit',
      'app:v1': 'evict Superseded',
      'app:also': 'evict Superseded',
    })
  })

  test('takes no digest of which a tag is left over', () => {
    expect(limited(1)).toMatchObject({ 'app:also': 'untag Superseded', 'app:v1': 'keep OverLimit' })
  })

  test('changes nothing that is within it', () => {
    expect(withinLimit(judgement, { maxEvictions: 4, maxEvictionPercent: undefined }, READ_AT)).toBe(
      judgement,
    )
    expect(limited(undefined)).toEqual(codes(judgement))
    expect(limited(0)).toMatchObject({ 'app:v1': 'keep OverLimit', 'app:also': 'keep OverLimit' })
  })

  test('takes no part of what is left over', () => {
    const index = { ...indexFacts('index', [d]), created: b.created }
    const parts = judged({
      repositories: [repositoryFacts('app', { v4: a, multi: index, part: d })],
      manifests: [a, d, index],
    })
    expect(limited(1, parts)).toMatchObject({ 'app:multi': 'keep OverLimit', 'app:part': 'keep PartOf' })
  })
})

describe('S10: a soak', () => {
  const first = soakWith(undefined, judgement, 'mark', READ_AT - DAY_MS)
  const saidAfter = (soak: typeof first) => codes(soaked(judgement, soak, DAY_MS))['app:v1']

  test('lets go what two plans say that are far enough from each other', () => {
    expect(saidAfter(soakWith(first, judgement, 'mark', READ_AT))).toBe('evict Superseded')
    expect(saidAfter(soakWith(first, judgement, 'mark', READ_AT - 1))).toBe('keep NotSoaked')
    expect(saidAfter(first)).toBe('keep NotSoaked')
    expect(codes(soaked(judgement, first, 0))['app:v1']).toBe('keep NotSoaked')
  })

  test('starts anew with every change of what plans are made from', () => {
    expect(saidAfter(soakWith(first, judgement, 'another', READ_AT))).toBe('keep NotSoaked')
  })

  test('starts anew for what a plan between them kept, or had another digest', () => {
    const repositories = (bound: Readonly<Record<string, ManifestFacts>>) =>
      judged({ repositories: [repositoryFacts('app', bound)], manifests: [a, b, c, d] })
    for (const between of [repositories({ v4: a, v3: b }), repositories({ v4: a, v3: b, v2: c, v1: c })]) {
      const soak = soakWith(soakWith(first, between, 'mark', READ_AT - 1), judgement, 'mark', READ_AT)
      expect(saidAfter(soak)).toBe('keep NotSoaked')
      expect(codes(soaked(judgement, soak, DAY_MS))['app:v3']).toBe('evict Superseded')
    }
  })

  test.each([
    [READ_AT - DAY_MS - 1, 'evict Superseded'],
    [READ_AT - DAY_MS, 'keep NotSoaked'],
    [READ_AT - 1, 'keep NotSoaked'],
  ])('starts anew for what was taken away already and is there again: at %i', (went, expected) => {
    const again = new Map([['app', new Map([['v1', went]])]])
    const soak = soakWith(first, judgement, 'mark', READ_AT, again)
    expect(saidAfter(soak)).toBe(expected)
    expect(codes(soaked(judgement, soak, DAY_MS))['app:v3']).toBe('evict Superseded')
  })

  test('says how many tags wait for its end, and until when at the earliest', () => {
    const fewer = judged({ repositories: [repositoryFacts('app', { v4: a, v3: b })], manifests: [a, b] })
    const started = soakWith(undefined, fewer, 'mark', READ_AT - DAY_MS)
    const between = soakWith(started, judgement, 'mark', READ_AT - 1000)
    expect(soaking(between, DAY_MS)).toEqual({
      count: 4,
      ...{ firstAt: READ_AT, lastAt: READ_AT - 1000 + DAY_MS },
    })
    const later = soakWith(between, judgement, 'mark', READ_AT)
    const end = READ_AT - 1000 + DAY_MS
    expect(soaking(later, DAY_MS)).toEqual({ count: 3, firstAt: end, lastAt: end })
    expect(soaking(soakWith(later, judgement, 'mark', end), DAY_MS)).toBeUndefined()
  })

  test('is not advanced by a plan that is not newer', () => {
    expect(soakWith(first, planOf(judgement, WHOSE), 'mark', READ_AT - DAY_MS)).toBe(first)
  })
})
