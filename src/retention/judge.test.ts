import { describe, expect, test } from 'vitest'
import { anchorTag } from '#retention/anchor-tag.ts'
import type { ManifestFacts } from '#retention/facts.ts'
import type { RetentionRule } from '#retention/rules.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { codes, HOST, judged, NEWEST, texts } from '#test/harness/judging.ts'
import {
  artifactFacts,
  blobOf,
  DAY_MS,
  imageFacts,
  indexFacts,
  READ_AT,
  repositoryFacts,
  tagFacts,
} from '#test/harness/registry-facts.ts'
import { evictionsOf } from '#test/harness/retention-at-once.ts'

const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name, at) => imageFacts(name, 10 + at)) as [
  ...[ManifestFacts, ManifestFacts, ManifestFacts, ManifestFacts, ManifestFacts],
]
const five = [a, b, c, d, e]
const app = repositoryFacts('app', { v5: a, v4: b, v3: c, v2: d, v1: e })
const one = { repositories: [app], manifests: five }
const SBOM = 'application/spdx+json'
const rule = (changes: Partial<RetentionRule>): RetentionRule => ({ ...NEWEST, ...changes })

describe('what is said of a tag', () => {
  test('who uses it, how far it is from what is used, or what came after it', () => {
    const used = [imageUse(`${HOST}/app:v3`)]
    const rules = [rule({ keep: { newest: 1, beforeInUse: 1 } })]
    expect(texts(judged({ ...one, used, rules }))).toEqual({
      'app:v5': 'kept: newest',
      'app:v4': 'evict: 1 newer digest, not used since 2026-10-01',
      'app:v3': 'kept: local/apps/Deployment/web runs it',
      'app:v2': 'kept: 1st before v3, which is in use',
      'app:v1': 'evict: 4 newer digests, not used since 2026-10-01',
    })
  })
})

describe('S08: there is no rule that nobody wrote', () => {
  test('what no rule matches stays', () => {
    const rules = [rule({ repositories: ['other'] })]
    expect(new Set(Object.values(codes(judged({ ...one, rules }))))).toEqual(new Set(['keep NoRule']))
  })

  test('the first rule that matches decides', () => {
    const rules = [
      rule({ name: 'first', keep: { tags: ['v1'] }, whenUnused: 'Evict' }),
      rule({ keep: { all: true } }),
    ]
    const judgement = judged({ ...one, rules })
    expect(codes(judgement)['app:v1']).toBe('keep KeepTag')
    expect(codes(judgement)['app:v5']).toBe('evict RepositoryUnused')
    expect(judgement.repositories[0]?.verdicts[0]?.rule).toBe('first')
  })

  test('workspaces, and claims wherever they are, are no matter of rules', () => {
    const claim = artifactFacts('claim', 'application/vnd.tallyman.usage-claim.v1')
    const repositories = [
      repositoryFacts('tallyman/reports', { old: b, new: a }),
      repositoryFacts('tallyman-app', { old: b, new: a, claim }),
    ]
    const rules = [rule({ kinds: ['**', 'Image'] })]
    const said = codes(
      judged({ repositories, manifests: [a, b, claim], rules, input: { workspaces: ['tallyman'] } }),
    )
    expect(said).toMatchObject({
      'tallyman/reports:old': 'keep Workspace',
      'tallyman-app:claim': 'keep Workspace',
    })
    expect(said['tallyman-app:old']).toBe('evict Superseded')
  })

  test('S33: nor is the trash of a workspace that nobody told of, where its journals are', () => {
    const journal = artifactFacts('journal', 'application/vnd.tallyman.eviction-journal.v1')
    const repositories = [
      repositoryFacts('ops/journals/app', { run: journal }),
      repositoryFacts('ops/trash/app/1', { old: b, new: a }),
      repositoryFacts('opsy/trash/app', { old: b, new: a }),
    ]
    const said = codes(judged({ repositories, manifests: [a, b, journal] }))
    expect(said['ops/trash/app/1:old']).toBe('keep Workspace')
    expect(said['opsy/trash/app:old']).toBe('evict Superseded')
    const images = [repositoryFacts('ops/journals/app', { old: b, new: a }), repositories[1] ?? []].flat()
    expect(codes(judged({ repositories: images, manifests: [a, b] }))['ops/trash/app/1:old']).toBe(
      'evict Superseded',
    )
  })

  test('claims are none either in the repository of a Registry with a longer path', () => {
    const repositories = [repositoryFacts('team/tallyman-claims', { old: b, new: a })]
    expect(codes(judged({ repositories, manifests: [a, b] }))['team/tallyman-claims:old']).toBe(
      'keep Workspace',
    )
  })

  test('the newest of a repository that nobody uses stays unless the rule says otherwise', () => {
    const saidWith = (changes: Partial<RetentionRule>) =>
      codes(judged({ ...one, rules: [rule({ keep: { youngerThan: '1h' }, ...changes })] }))
    expect(saidWith({})).toMatchObject({ 'app:v5': 'keep Newest', 'app:v4': 'evict Superseded' })
    expect(saidWith({ whenUnused: 'Evict', keep: { newest: 3 } })['app:v5']).toBe('evict RepositoryUnused')
    expect(saidWith({ whenUnused: 'Keep' })['app:v1']).toBe('keep Unused')
    const used = [imageUse(`${HOST}/app:gone`)]
    expect(codes(judged({ ...one, used, rules: [rule({ whenUnused: 'Evict' })] }))['app:v5']).toBe(
      'keep Newest',
    )
  })
})

describe('S14: a tag that holds a digest in use which has no other', () => {
  const used = [imageUse(`${HOST}/app@${b.digest}`, { runningDigests: [b.digest] })]
  const anchored = (digest: string) => [
    {
      ...app,
      tags: [tagFacts(anchorTag(digest), b.digest), tagFacts('v5', a.digest), tagFacts('v3', c.digest)],
    },
  ]

  test('stays while that is in use', () => {
    const said = codes(judged({ repositories: anchored(b.digest), manifests: five, used }))
    expect(said[`app:${anchorTag(b.digest)}`]).toBe('keep InUse')
  })

  test('goes as soon as it is not, whatever the rules of its repository keep', () => {
    for (const rules of [[NEWEST], [rule({ keep: { all: true } })], [rule({ kinds: ['HelmChart'] })]]) {
      const said = codes(judged({ repositories: anchored(b.digest), manifests: five, rules }))
      expect(said[`app:${anchorTag(b.digest)}`]).toBe('evict Anchor')
    }
  })

  test('S01: stays where no rule matches its repository, which may be another policy’s', () => {
    const rules = [rule({ repositories: ['other/**'] }), rule({ name: 'but', excludeRepositories: ['app'] })]
    const judgement = judged({ repositories: anchored(b.digest), manifests: five, rules })
    expect(codes(judgement)[`app:${anchorTag(b.digest)}`]).toBe('keep NoRule')
    expect(evictionsOf(judgement)).toEqual([])
  })

  test('is not counted among the newest', () => {
    const rules = [rule({ keep: { newest: 2 } })]
    const said = codes(judged({ repositories: anchored(b.digest), manifests: five, rules }))
    expect(said).toMatchObject({ 'app:v5': 'keep Newest', 'app:v3': 'keep Newest' })
  })

  test('is somebody else’s where it names another digest than it says', () => {
    const said = codes(judged({ repositories: anchored(e.digest), manifests: five }))
    expect(said[`app:${anchorTag(e.digest)}`]).toBe('evict Superseded')
  })
})

describe('S09: what no pod names', () => {
  test('what is no container image stays unless a rule names its kind', () => {
    const charts = ['x', 'y'].map((name, at) =>
      artifactFacts(name, 'application/vnd.cncf.helm.config.v1+json', {
        created: READ_AT - (9 + at) * DAY_MS,
      }),
    )
    const [x = a, y = a] = charts
    const asked = { repositories: [repositoryFacts('charts/web', { new: x, old: y })], manifests: charts }
    expect(codes(judged(asked))['charts/web:old']).toBe('keep NotAnImage')
    const rules = [rule({ kinds: ['application/vnd.cncf.helm.**'] })]
    expect(codes(judged({ ...asked, rules }))).toEqual({
      'charts/web:new': 'keep Newest',
      'charts/web:old': 'evict Superseded',
    })
  })

  test('an index that holds no container image is none', () => {
    const cache = artifactFacts('cache', 'application/vnd.buildkit.cacheconfig.v0')
    const index = indexFacts('cache-index', [cache])
    const repositories = [repositoryFacts('app', { v2: a, cache: index })]
    expect(codes(judged({ repositories, manifests: [a, index] }))['app:cache']).toBe('keep NotAnImage')
    expect(codes(judged({ repositories, manifests: [a, index, cache] }))['app:cache']).toBe('keep NotAnImage')
  })

  test('that on which something that stays is built, by its layers or by its annotations', () => {
    const layers = [blobOf('base'), blobOf('app')]
    const built = imageFacts('built', 1, { layers, baseName: `${HOST}/lib/named:v1`, baseDigest: c.digest })
    const base = imageFacts('base', 50, { layers: [blobOf('base')] })
    const likewise = imageFacts('likewise', 51, { layers })
    const index = indexFacts('base-index', [base])
    const repositories = [
      repositoryFacts('app', { v1: built }),
      repositoryFacts('lib/base', { now: a, v1: index, other: likewise }, { untagged: [base.digest] }),
      repositoryFacts('lib/named', { now: a, v1: b, v0: c, old: d }),
    ]
    const manifests = [built, base, likewise, index, a, b, c, d]
    expect(codes(judged({ repositories, manifests }))).toEqual({
      'app:v1': 'keep Newest',
      'lib/base:now': 'keep Newest',
      'lib/base:v1': 'keep Holds',
      'lib/base:other': 'evict Superseded',
      'lib/named:now': 'keep Newest',
      'lib/named:v1': 'keep BaseOf',
      'lib/named:v0': 'keep BaseOf',
      'lib/named:old': 'evict Superseded',
    })
  })
})

describe('S09: signatures and the like', () => {
  const named = (digest: string, end = '.sig') => `${digest.replace(':', '-')}${end}`
  const ofA = artifactFacts('of-a', SBOM)
  const ofB = artifactFacts('of-b', SBOM)
  const sbomOfB = artifactFacts('sbom-of-b', SBOM, { subject: b.digest })
  const manifests = [a, b, ofA, ofB, sbomOfB]

  test('stay with their subject and go with it, by name or by what they say', () => {
    const tags = { v2: a, v1: b, [named(a.digest)]: ofA, [named(b.digest)]: ofB, sbom: sbomOfB }
    const said = texts(judged({ repositories: [repositoryFacts('app', tags)], manifests }))
    expect(said[`app:${named(a.digest)}`]).toBe('kept: it belongs to app:v2, which stays')
    expect(said[`app:${named(b.digest)}`]).toMatch('evict: it belongs to sha256:62')
    expect(said['app:sbom']).toMatch('evict: it belongs to sha256:62')
  })

  test('stay with a subject in another repository, as long as their own does not have it', () => {
    const repositories = [
      repositoryFacts('app', { v2: a, v1: b }),
      repositoryFacts('sign', { [named(a.digest)]: ofA, [named(b.digest)]: ofB }),
      repositoryFacts('dev', { now: c, v2: a, [named(a.digest)]: ofA }),
    ]
    const said = codes(
      judged({
        repositories,
        manifests: [...manifests, c],
        rules: [rule({ name: 'dev', keep: { tags: ['now'] }, repositories: ['dev'] }), NEWEST],
      }),
    )
    expect(said[`sign:${named(a.digest)}`]).toBe('keep BelongsTo')
    expect(said[`sign:${named(b.digest)}`]).toBe('evict FollowsSubject')
    expect(said['dev:v2']).toBe('keep Newest')
  })

  test('stay when their subject is gone, unless a rule says otherwise and everything was read', () => {
    const sign = repositoryFacts('sign', { [named(b.digest)]: ofB })
    const gone = { repositories: [sign, repositoryFacts('app', { v2: a })], manifests: [a, ofB] }
    const rules = [rule({ evictOrphans: true })]
    const saidOf = (asked: Parameters<typeof judged>[0]) => codes(judged(asked))[`sign:${named(b.digest)}`]
    expect(saidOf(gone)).toBe('keep Orphan')
    expect(saidOf({ ...gone, rules })).toBe('evict OrphanGoes')
    expect(saidOf({ ...gone, rules, facts: { incomplete: 'cut' } })).toBe('keep SubjectUnknown')
    const broken = repositoryFacts('broken', { v1: a }, { incomplete: 'a page could not be read' })
    expect(saidOf({ ...gone, rules, repositories: [...gone.repositories, broken] })).toBe(
      'keep SubjectUnknown',
    )
    const lately = { ...tagFacts(named(b.digest), ofB.digest), boundSince: READ_AT - 1 }
    expect(saidOf({ ...gone, rules, repositories: [{ ...sign, tags: [lately] }] })).toBe('keep Young')
  })

  test('stay with what has no tag and is part of nothing that has one', () => {
    const untagged = repositoryFacts('app', { v2: a, [named(b.digest)]: ofB }, { untagged: [b.digest] })
    expect(codes(judged({ repositories: [untagged], manifests }))[`app:${named(b.digest)}`]).toBe(
      'keep SubjectStays',
    )
  })

  test('a name that is cut says of nobody that it goes', () => {
    const tag = `sha512-${'a'.repeat(64)}`
    const said = codes(
      judged({
        repositories: [repositoryFacts('app', { v2: a, [tag]: ofB })],
        manifests,
        rules: [rule({ evictOrphans: true })],
      }),
    )
    expect(said[`app:${tag}`]).toBe('keep SubjectUnknown')
  })
})

describe('what is in use protects', () => {
  const saidOf = (runs: Parameters<typeof imageUse>[1], asked: Partial<Parameters<typeof judged>[0]> = {}) =>
    codes(judged({ ...one, used: [imageUse('elsewhere.example/x/y:z', runs)], ...asked }))

  test('S06: a digest in every repository and under every tag', () => {
    const repositories = [
      repositoryFacts('app', { v5: a, v4: d, also: d }),
      repositoryFacts('copy', { v5: a, v4: d }),
    ]
    const said = saidOf({}, { repositories, used: [imageUse(`${HOST}/app:v4`)] })
    expect(said).toMatchObject({
      'app:v4': 'keep InUse',
      'app:also': 'keep SameInUse',
      'copy:v4': 'keep SameInUse',
    })
    expect(saidOf({ runningDigests: [d.digest] }, { repositories })).toMatchObject({
      'app:v4': 'keep InUse',
      'copy:v4': 'keep InUse',
    })
  })

  test('S06: everything with a config that runs', () => {
    expect(saidOf({ runningConfigs: [d.config?.digest ?? ''] })['app:v2']).toBe('keep InUse')
  })

  test('S06: every index with a child that runs, and every child of an index that runs', () => {
    const index = indexFacts('index', [d, e])
    const repositories = [repositoryFacts('app', { v5: a, multi: index, v2: d, v1: e })]
    const manifests = [...five, index]
    expect(saidOf({ runningDigests: [e.digest] }, { repositories, manifests })).toMatchObject({
      'app:multi': 'keep Holds',
      'app:v2': 'keep PartOf',
    })
    const withoutParts = [repositoryFacts('app', { v5: a, multi: index })]
    expect(
      saidOf({ runningDigests: [e.digest] }, { repositories: withoutParts, manifests })['app:multi'],
    ).toBe('keep Holds')
    expect(saidOf({ runningDigests: [index.digest] }, { repositories, manifests })).toMatchObject({
      'app:v1': 'keep PartOf',
      'app:v2': 'keep PartOf',
    })
  })

  test('S09: its signatures, and what it refers to', () => {
    const signature = artifactFacts('signature', SBOM, { subject: d.digest })
    const repositories = [repositoryFacts('app', { v5: a, v2: d, signed: signature })]
    const manifests = [...five, signature]
    expect(saidOf({ runningDigests: [d.digest] }, { repositories, manifests })['app:signed']).toBe(
      'keep BelongsTo',
    )
    expect(saidOf({ runningDigests: [signature.digest] }, { repositories, manifests })['app:v2']).toBe(
      'keep SubjectOf',
    )
    const facts = { referrers: new Map([[d.digest, [e.digest]]]) }
    expect(saidOf({ runningDigests: [e.digest] }, { facts })['app:v2']).toBe('keep SubjectOf')
  })

  test('S02, S07: what was used lately, and what is pinned', () => {
    const seen = {
      cluster: 'edge',
      firstSeen: 0,
      lastSeen: READ_AT - 5 * DAY_MS,
      users: ['shop/Deployment/cart'],
      digests: [d.digest],
      configs: [],
    }
    const remembered = [{ image: 'x/y:z', reference: undefined, ...seen }]
    const said = texts(judged({ ...one, remembered, pins: ['app:v1'] }))
    expect(said['app:v2']).toBe('kept: edge/shop/Deployment/cart used it until 2026-10-27')
    expect(said['app:v1']).toBe('kept: it is pinned by app:v1')
  })
})

describe('what a rule keeps protects', () => {
  test('S13: what it is made of and what it is part of, and no more than that', () => {
    const shared = imageFacts('shared', 30)
    const [now, before] = [indexFacts('now', [a, shared]), indexFacts('before', [e, shared])]
    const tags = { now, before, 'now-amd64': a, 'before-amd64': e, shared }
    const rules = [rule({ keep: { tags: ['now'] }, whenUnused: 'Evict' })]
    const manifests = [...five, shared, now, before]
    expect(codes(judged({ repositories: [repositoryFacts('app', tags)], manifests, rules }))).toEqual({
      'app:now': 'keep KeepTag',
      'app:now-amd64': 'keep PartOf',
      'app:shared': 'keep PartOf',
      'app:before': 'evict RepositoryUnused',
      'app:before-amd64': 'evict RepositoryUnused',
    })
    const keepsPart = [rule({ keep: { tags: ['shared'] }, whenUnused: 'Evict' })]
    expect(
      codes(judged({ repositories: [repositoryFacts('app', tags)], manifests, rules: keepsPart })),
    ).toMatchObject({
      'app:now': 'keep Holds',
      'app:before-amd64': 'keep PartOf',
    })
  })

  test('a tag whose digest stays under another one is only untagged', () => {
    const repositories = [repositoryFacts('app', { stable: b, 'build-7': b, v5: a })]
    const rules = [rule({ keep: { tags: ['stable'] }, whenUnused: 'Evict' })]
    expect(codes(judged({ ...one, repositories, rules }))).toEqual({
      'app:stable': 'keep KeepTag',
      'app:build-7': 'untag RepositoryUnused',
      'app:v5': 'evict RepositoryUnused',
    })
  })

  test('only in its own repository', () => {
    const repositories = [repositoryFacts('dev', { now: a, v1: b }), repositoryFacts('prod', { v1: b })]
    expect(codes(judged({ ...one, repositories }))).toMatchObject({
      'dev:v1': 'evict Superseded',
      'prod:v1': 'keep Newest',
    })
  })
})

describe('what is not known stays', () => {
  test('where a repository was not read in full, whatever is wrong with it', () => {
    const incomplete = repositoryFacts('app', { v5: a, v4: b }, { incomplete: 'status 503' })
    expect(texts(judged({ ...one, repositories: [incomplete] }))['app:v4']).toBe(
      'kept: its repository was not read in full: status 503',
    )
    const unresolved = { ...app, tags: [...app.tags, tagFacts('v6', undefined)] }
    const unread = repositoryFacts('app', { v5: a, v4: b, v1: imageFacts('unread', 9) })
    for (const repository of [unresolved, unread])
      expect(codes(judged({ ...one, repositories: [repository] }))['app:v4']).toBe('keep Incomplete')
  })

  test('S10: what changed lately in any way is young', () => {
    const saidOf = (changes: Parameters<typeof tagFacts>[2], built = e) =>
      codes(
        judged({
          ...one,
          manifests: [...five, built],
          repositories: [{ ...app, tags: [tagFacts('v5', a.digest), tagFacts('v1', built.digest, changes)] }],
        }),
      )['app:v1']
    const lately = READ_AT - DAY_MS + 1
    expect(saidOf({})).toBe('evict Superseded')
    expect(saidOf({ boundSince: lately })).toBe('keep Young')
    expect(saidOf({ boundSince: lately - 1 })).toBe('evict Superseded')
    const undated = imageFacts('undated', 0, { created: 0 })
    expect(saidOf({}, undated)).toBe('evict Superseded')
    expect(saidOf({ boundSince: undefined }, undated)).toBe('keep Undated')
  })

  test('S12: what was restored stays for its time', () => {
    const until = (at: number) => ({ restored: [{ repository: 'app', tag: 'v1', until: at }] })
    expect(texts(judged({ ...one, input: until(READ_AT + DAY_MS) }))['app:v1']).toBe(
      'kept: it was restored, and stays until 2026-11-02',
    )
    expect(codes(judged({ ...one, input: until(READ_AT) }))['app:v1']).toBe('evict Superseded')
  })
})

describe('S13: counting', () => {
  test('several tags of one build count once', () => {
    const repositories = [repositoryFacts('app', { v3: a, 'v3.0': a, latest: a, v2: b, v1: c })]
    const said = codes(judged({ ...one, repositories, rules: [rule({ keep: { newest: 2 } })] }))
    expect(said).toMatchObject({
      'app:latest': 'keep Newest',
      'app:v2': 'keep Newest',
      'app:v1': 'evict Superseded',
    })
  })

  test('each stream counts for itself', () => {
    const repositories = [repositoryFacts('app', { 'main-9': a, 'main-8': b, 'dev-7': c, 'dev-6': d })]
    expect(codes(judged({ ...one, repositories, rules: [rule({ groupBy: '^([a-z]+)-' })] }))).toEqual({
      'app:main-9': 'keep Newest',
      'app:main-8': 'evict Superseded',
      'app:dev-7': 'keep Newest',
      'app:dev-6': 'evict Superseded',
    })
  })

  test('signatures are never counted as newest', () => {
    const sbom = artifactFacts('sbom', SBOM, { subject: b.digest, created: READ_AT - DAY_MS })
    const repositories = [repositoryFacts('app', { v2: b, v1: c, sbom })]
    expect(
      codes(judged({ repositories, manifests: [b, c, sbom], rules: [rule({ kinds: ['Image', '**'] })] })),
    ).toEqual({
      'app:sbom': 'keep BelongsTo',
      'app:v2': 'keep Newest',
      'app:v1': 'evict Superseded',
    })
  })

  test('without a build date, when the registry was first seen to have it; equal dates by tag', () => {
    const undated = ['x', 'y', 'z'].map((name) => imageFacts(name, 0, { created: 0 }))
    const [x = a, y = a, z = a] = undated
    const seen = (tag: string, image: ManifestFacts, days: number) =>
      tagFacts(tag, image.digest, { digestSince: READ_AT - days * DAY_MS })
    const tags = [seen('r1', x, 3), seen('r2', y, 5), seen('r3', z, 5)]
    const repositories = [repositoryFacts('app', {}, { tags })]
    expect(
      codes(judged({ repositories, manifests: undated, rules: [rule({ keep: { newest: 2 } })] })),
    ).toEqual({
      'app:r1': 'keep Newest',
      'app:r2': 'evict Superseded',
      'app:r3': 'keep Newest',
    })
  })

  test('what has no date at all stays, and so does what may come right before it', () => {
    const undated = imageFacts('undated', 0, { created: 0 })
    const tags = [...app.tags, tagFacts('x', undated.digest, { digestSince: undefined })]
    const asked = { repositories: [{ ...app, tags }], manifests: [...five, undated] }
    expect(codes(judged(asked))).toMatchObject({ 'app:x': 'keep Undated', 'app:v4': 'evict Superseded' })
    const used = [imageUse(`${HOST}/app:x`)]
    const rules = [rule({ keep: { beforeInUse: 1 } })]
    expect(texts(judged({ ...asked, used, rules }))['app:v4']).toBe(
      'kept: nobody knows how old x is, which is in use',
    )
  })

  test('versions: the newest of each line, with every tag of their builds', () => {
    const repositories = [
      repositoryFacts('app', { 'v1.0.0': e, 'v1.0.1': d, 'v1.1.0': c, v1: c, 'v2.0.0': b, 'v2.0.1-rc.1': a }),
    ]
    const saidWith = (semver: NonNullable<RetentionRule['keep']['semver']>) =>
      codes(
        judged({
          ...one,
          repositories,
          used: [imageUse(`${HOST}/app:gone`)],
          rules: [rule({ keep: { semver } })],
        }),
      )
    expect(saidWith({ newestPerMajor: 1 })).toEqual({
      'app:v1': 'keep Version',
      'app:v1.0.0': 'evict Superseded',
      'app:v1.0.1': 'evict Superseded',
      'app:v1.1.0': 'keep Version',
      'app:v2.0.0': 'keep Version',
      'app:v2.0.1-rc.1': 'evict Superseded',
    })
    expect(saidWith({ newestPerMinor: 1 })).toMatchObject({
      'app:v1.0.1': 'keep Version',
      'app:v1.0.0': 'evict Superseded',
    })
  })
})
