import { describe, expect, test } from 'vitest'
import { atOnce } from '#inventory/at-once.ts'
import type { BlobFacts, ManifestFacts } from '#retention/facts.ts'
import type { Plan } from '#retention/plan.ts'
import { planChanges } from '#retention/plan-diff.ts'
import { type PlannedRemoval, removals } from '#retention/removals.ts'
import type { RetentionRule } from '#retention/rules.ts'
import { untaggedInUse } from '#retention/untagged-in-use.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { codes, HOST, judged, NEWEST } from '#test/harness/judging.ts'
import {
  artifactFacts,
  blobOf,
  imageFacts,
  indexFacts,
  repositoryFacts,
} from '#test/harness/registry-facts.ts'
import { intersect, plannedRemovals, planOf } from '#test/harness/retention-at-once.ts'

const WHOSE = { url: 'https://r.example', registry: 'uid-1', policy: 'uid-2', rules: 'sha256:3' }
const [a, b, c] = ['a', 'b', 'c'].map((name, at) => imageFacts(name, 10 + at)) as [
  ...[ManifestFacts, ManifestFacts, ManifestFacts],
]
const tags = (
  bound: Readonly<Record<string, ManifestFacts>>,
  more: Partial<Parameters<typeof judged>[0]> = {},
) => judged({ repositories: [repositoryFacts('app', bound)], manifests: [a, b, c], ...more })

function removed({ repositories }: Pick<Plan, 'repositories'>): PlannedRemoval[] {
  return Array.from(removals(repositories), ({ repository, verdict: { tag, digest, action } }) => {
    return { repository, tag, digest, action }
  })
}

describe('S12: the digest of a plan', () => {
  const digest = (judgement: ReturnType<typeof judged>, whose = WHOSE) => planOf(judgement, whose).digest
  const first = digest(tags({ v3: a, v2: b, v1: c }))

  test('is of who, by which rules, and what goes', () => {
    expect(first).toMatch(/^sha256:[0-9a-f]{64}$/)
    for (const change of [{ registry: 'x' }, { url: 'x' }, { policy: 'x' }, { rules: 'x' }])
      expect(digest(tags({ v3: a, v2: b, v1: c }), { ...WHOSE, ...change })).not.toBe(first)
    expect(digest(tags({ v3: a, v2: b }))).not.toBe(first)
    expect(digest(tags({ v3: a, v2: b, v0: c }))).not.toBe(first)
    expect(digest(tags({ v3: a, v2: c, v1: b }))).not.toBe(first)
    const moved = [repositoryFacts('moved', { v3: a, v2: b, v1: c })]
    expect(digest(judged({ repositories: moved, manifests: [a, b, c] }))).not.toBe(first)
  })

  test('does not change with what stays, with reasons or with the time', () => {
    const young = imageFacts('young', 0)
    const manifests = [a, b, c, young]
    const used = [imageUse(`${HOST}/app:v4`)]
    expect(
      digest(
        tags(
          { v4: young, v3: a, v2: b, v1: c },
          { manifests, used, rules: [{ ...NEWEST, keep: { newest: 2 } }] },
        ),
      ),
    ).toBe(first)
    expect(
      digest(tags({ v3: a, v2: b, v1: c }, { input: { unusedSince: { at: 0, isWatchStart: true } } })),
    ).toBe(first)
  })

  test('changes with what becomes of the digest', () => {
    const rules: readonly RetentionRule[] = [{ ...NEWEST, keep: { tags: ['stable'] }, whenUnused: 'Evict' }]
    const untags = tags({ stable: a, v1: a }, { rules })
    const evicts = tags(
      { other: b, v1: a },
      { rules, input: { restored: [{ repository: 'app', tag: 'other', until: Number.MAX_SAFE_INTEGER }] } },
    )
    expect([untags, evicts].map((each) => codes(each)['app:v1'])).toEqual([
      'untag RepositoryUnused',
      'evict RepositoryUnused',
    ])
    expect(digest(untags)).not.toBe(digest(evicts))
  })
})

describe('the summary of a plan', () => {
  test('counts shared content once, and not at all where something that stays has it', () => {
    const [base, shared] = [blobOf('base', 1_000), blobOf('shared', 500)]
    const build = (name: string, days: number, own: number) =>
      imageFacts(name, days, {
        size: 1,
        layers: [base, shared, blobOf(name, own)],
        config: blobOf(`config ${name}`, 10),
      })
    const newest = imageFacts('newest', 1, { layers: [base, blobOf('newest', 7)] })
    const builds = [build('x', 5, 20), build('y', 6, 30)]
    const [x = a, y = a] = builds
    const { summary } = planOf(
      judged({
        repositories: [
          repositoryFacts('app', { v3: newest, v2: x, v1: y, also: y }),
          repositoryFacts('copy', { v1: newest, v0: x }),
        ],
        manifests: [newest, ...builds],
      }),
      WHOSE,
    )
    expect(summary).toEqual({
      ...{ repositories: 2, tags: 6, keep: 2, untag: 0, evict: 4, digests: 3 },
      unreferencedBytes: 500 + 20 + 30 + 2 * 10 + 2 * 1,
      reasons: { Newest: 2, Superseded: 4 },
    })
  })

  test('counts a layer once, wherever in an image it lies', () => {
    const [first, second] = [blobOf('first', 1_000), blobOf('second', 500)]
    const build = (name: string, layers: readonly BlobFacts[]) =>
      imageFacts(name, 50, { size: 0, config: undefined, layers })
    const [x, y] = [build('x', [first, second]), build('y', [second, first])]
    expect(planOf(tags({ v3: a, v2: x, v1: y }, { manifests: [a, x, y] }), WHOSE).summary).toMatchObject({
      evict: 2,
      unreferencedBytes: 1_500,
    })
  })

  test('children of an index go with it, unless another one that stays has them', () => {
    const child = (name: string) =>
      imageFacts(name, 5, { layers: [blobOf(name, 100)], config: undefined, size: 1 })
    const [only, both, other] = [child('only'), child('both'), child('other')]
    const old = { ...indexFacts('old', [only, both]), created: a.created, size: 3 }
    const now = {
      ...indexFacts('now', [other, both]),
      created: b.created === undefined ? 0 : b.created + 864e6,
    }
    const repositories = [
      repositoryFacts('app', { now, old }, { untagged: [only.digest, both.digest, other.digest] }),
    ]
    const { summary } = planOf(judged({ repositories, manifests: [only, both, other, old, now] }), WHOSE)
    expect(summary).toMatchObject({ evict: 1, unreferencedBytes: 3 + 1 + 100 })
  })
})

describe('two plans', () => {
  test('differ in what goes', () => {
    const before = planOf(tags({ v3: a, v2: b, v1: c }), WHOSE)
    const now = planOf(tags({ v3: a, v2: c, v1: c }), WHOSE)
    const changes = [...planChanges(removed(before), now.repositories)]
    expect(changes).toEqual([
      { kind: 'unchanged' },
      {
        kind: 'dropped',
        removal: { repository: 'app', tag: 'v2', digest: b.digest, action: 'evict' },
        now: expect.objectContaining({ tag: 'v2', digest: c.digest }),
      },
      {
        kind: 'added',
        repository: 'app',
        verdict: expect.objectContaining({ tag: 'v2', digest: c.digest, action: 'evict' }),
      },
      { kind: 'stays' },
    ])
    const first = [...planChanges([], before.repositories)]
    expect(first.map(({ kind }) => kind)).toEqual(['added', 'added', 'stays'])
  })

  test('differ by what is in a repository that is gone, and by what is used by now', () => {
    const before = planOf(tags({ v3: a, v2: b, v1: c }), WHOSE)
    const used = planOf(tags({ v3: a, v2: b, v1: c }, { used: [imageUse(`${HOST}/app:v1`)] }), WHOSE)
    const other = { repository: 'z', tag: '1', digest: c.digest, action: 'untag' } as const
    const dropped = [...planChanges([...removed(before), other], used.repositories)].filter(
      (change) => change.kind === 'dropped',
    )
    expect(dropped).toEqual([
      {
        kind: 'dropped',
        removal: expect.objectContaining({ tag: 'v1' }),
        now: expect.objectContaining({ action: 'keep' }),
      },
      { kind: 'dropped', removal: other, now: undefined },
    ])
  })
})

describe('S12: an approval', () => {
  test('carries out what goes in the approved plan and now, and not what changed meanwhile', () => {
    const approved = [...plannedRemovals(tags({ v3: a, v2: b, v1: c }).repositories)]
    const moved = tags({ v4: a, v3: b, v2: c, v1: c })
    expect(codes(moved)).toMatchObject({ 'app:v3': 'evict Superseded', 'app:v2': 'evict Superseded' })
    expect(codes(intersect(approved, moved))).toEqual({
      'app:v4': 'keep Newest',
      'app:v3': 'keep NotApproved',
      'app:v2': 'keep NotApproved',
      'app:v1': 'untag Superseded',
    })
    expect(
      codes(intersect(approved, tags({ v3: a, v1: c }, { used: [imageUse(`${HOST}/app:v1`)] })))['app:v1'],
    ).toBe('keep InUse')
  })

  test('takes no part of what it does not name', () => {
    const index = { ...indexFacts('index', [c]), created: b.created }
    const manifests = [a, b, c, index]
    const both = tags({ v3: a, multi: index, part: c }, { manifests })
    expect(codes(both)).toMatchObject({ 'app:multi': 'evict Superseded', 'app:part': 'evict Superseded' })
    const approved = [...plannedRemovals(tags({ v3: a, part: c }, { manifests }).repositories)]
    expect(codes(intersect(approved, both))).toMatchObject({
      'app:multi': 'keep NotApproved',
      'app:part': 'keep PartOf',
    })
  })
})

test('S14: what is in use and has no tag any more is said, but for what a tagged index holds', () => {
  const index = indexFacts('index', [b])
  const sbom = artifactFacts('sbom', 'application/spdx+json')
  const untagged = [b.digest, c.digest, sbom.digest]
  const judgement = judged({
    repositories: [repositoryFacts('app', { v1: a, multi: index }, { untagged })],
    manifests: [a, b, c, index, sbom],
    used: [imageUse('elsewhere.example/x/y:z', { runningDigests: [b.digest, c.digest] })],
  })
  expect(atOnce(untaggedInUse(judgement))).toEqual([
    { repository: 'app', digest: c.digest, reason: expect.objectContaining({ code: 'InUse' }) },
  ])
})
