import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { atOnce } from '#inventory/at-once.ts'
import type { ManifestFacts } from '#retention/facts.ts'
import { manifestGraph, withAttached } from '#retention/manifest-graph.ts'
import type { RemovalRequest } from '#retention/removal-reach.ts'
import { decideRemoval, type RemovalDecision, type RemovalRequests } from '#retention/removal-request.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { type Asked, HOST, judged } from '#test/harness/judging.ts'
import {
  artifactFacts,
  imageFacts,
  indexFacts,
  registryFacts,
  repositoryFacts,
} from '#test/harness/registry-facts.ts'
import { Pace } from '#time/pace.ts'

const [a, b, c] = [imageFacts('a', 10), imageFacts('b', 11), imageFacts('c', 12)]
const multi = indexFacts('multi', [a, b])
const sbom = artifactFacts('sbom', 'application/spdx+json', { subject: c.digest })
const companion = (of: ManifestFacts) => `${of.digest.replace(':', '-')}.sig`
const signature = artifactFacts('signature', 'application/vnd.dev.cosign')

const app = repositoryFacts(
  'app',
  { multi, c1: c, c2: c, [companion(c)]: signature, sbom },
  { untagged: [a.digest, b.digest] },
)
const world: Asked = { repositories: [app], manifests: [a, b, c, multi, sbom, signature] }

/** @param texts `tag`, `@digest` or `tag@digest`; with `!` before it is forced */
function decided(
  texts: readonly string[],
  asked: Asked = world,
  more: Partial<RemovalRequests> = {},
): RemovalDecision {
  const requests = texts.map((text): RemovalRequest => {
    const [tag = '', digest] = text.replace('!', '').split('@')
    return { repository: 'app', tag: tag === '' ? undefined : tag, digest, isForced: text.startsWith('!') }
  })
  return decideRemoval(judged({ ...asked, rules: [] }), { requests, allTags: false, workspaces: [], ...more })
}

const refused = (decision: RemovalDecision) => decision.refusals.map(({ code, why }) => `${code}: ${why}`)
const gone = ({ removals }: RemovalDecision) =>
  removals.flatMap(({ bindings }) => bindings.map(({ tag }) => tag))
const digests = ({ removals }: RemovalDecision) => removals.flatMap((removal) => removal.digests)
const inUse = (image: string) => ({ ...world, used: [imageUse(`${HOST}/${image}`)] })

describe('what goes', () => {
  test('a tag alone, where another names its digest', () => {
    const decision = decided(['c1'])
    expect(decision.removals[0]?.bindings).toEqual([
      { tag: 'c1', digest: c.digest, stays: 'c2 names it too', follows: undefined },
    ])
    expect(digests(decision)).toEqual([])
  })

  test('a manifest with its last tags, and with it what belongs to it by the name of its tag', () => {
    const decision = decided(['c1', 'c2'])
    expect(gone(decision)).toEqual(['c1', 'c2', companion(c)])
    expect(new Set(digests(decision))).toEqual(new Set([c.digest, signature.digest]))
    expect(decision.removals[0]?.orphans).toEqual(['sbom'])
  })

  test('an index with what it holds', () => {
    expect(new Set(digests(decided(['multi'])))).toEqual(new Set([multi.digest, a.digest, b.digest]))
  })

  test('of an index what no other holds and no tag names', () => {
    const other = indexFacts('other', [b])
    const more = { ...app, tags: repositoryFacts('app', { multi, other }).tags }
    const decision = decided(['multi'], { repositories: [more], manifests: [a, b, multi, other] })
    expect(new Set(digests(decision))).toEqual(new Set([multi.digest, a.digest]))
  })

  test('a signature without its subject', () => {
    expect(digests(decided([companion(c)]))).toEqual([signature.digest])
  })

  test('a digest with its tags, if all are named or that is said', () => {
    expect(refused(decided([`@${c.digest}`, 'c1']))).toEqual(['OtherTags: c2 would go with it'])
    expect(gone(decided([`@${c.digest}`, 'c1', 'c2']))).toContain('c2')
    expect(gone(decided([`@${c.digest}`], world, { allTags: true }))).toContain('c2')
  })
})

describe('what is refused', () => {
  test('what is not there, or is something else by now', () => {
    expect(refused(decided(['c3', '@sha256:none', `c1@${a.digest}`]))).toEqual([
      'Absent: there is no such tag',
      'Absent: there is no such digest',
      `Moved: the tag names ${c.digest}`,
    ])
  })

  test('a platform of an index that stays', () => {
    expect(refused(decided([`@${a.digest}`]))).toEqual(['PartOf: it is part of multi, which stays'])
    expect(refused(decided([`@${a.digest}`, 'multi']))).toEqual([])
  })

  test('S08: what belongs to Tallyman', () => {
    expect(refused(decided(['c1'], world, { workspaces: ['app'] }))).toEqual([
      'Workspace: it belongs to Tallyman',
    ])
  })

  test('anything of a repository that was not read in full', () => {
    const [refusal] = refused(decided(['c1'], { ...world, repositories: [{ ...app, incomplete: 'no' }] }))
    expect(refusal).toBe('Incomplete: its repository was not read in full: no')
  })

  test('S06: what is in use by its name, by its digest, or by what hangs on it', () => {
    expect(refused(decided(['c1'], inUse('app:c1')))).toEqual(['InUse: local/apps/Deployment/web runs it'])
    expect(refused(decided(['c2'], inUse('app:c1')))).toEqual([
      'InUse: it is the same image as app:c1, which is in use',
    ])
    expect(refused(decided(['multi'], inUse(`other@${a.digest}`)))).toEqual([
      `InUse: it holds app@${a.digest}, which stays`,
    ])
    expect(refused(decided([companion(c)], inUse('app:c1')))).toEqual([
      'InUse: it belongs to app:c1, which stays',
    ])
  })

  test('unless that very name is forced', () => {
    expect(gone(decided(['!c1'], inUse('app:c1')))).toEqual(['c1'])
    expect(refused(decided(['!c1', 'c2'], inUse('app:c1')))).toHaveLength(1)
  })

  test('S15: a signature that is in use under its own name stays, whatever becomes of its subject', () => {
    const decision = decided(['!c1', '!c2'], inUse(`app:${companion(c)}`))
    expect(gone(decision)).toEqual(['c1', 'c2'])
    expect(digests(decision)).toEqual([c.digest])
    expect(decision.removals[0]?.orphans).toContain(companion(c))
  })

  describe('S42: what is forced takes nothing along that somebody else uses', () => {
    const [x, y, shared] = [imageFacts('x', 13), imageFacts('y', 14), imageFacts('shared', 15)]
    const forced = indexFacts('forced', [x, shared])
    const other = indexFacts('other', [y, shared])
    const decidedIn = (used: readonly string[], texts = ['!v1']) =>
      decided(texts, {
        repositories: [
          repositoryFacts(
            'app',
            { v1: forced },
            { untagged: [x.digest, y.digest, shared.digest, other.digest] },
          ),
        ],
        manifests: [x, y, shared, forced, other],
        used: ['app:v1', ...used].map((image) => imageUse(`${HOST}/${image}`)),
      })

    test.each([
      ['an index without a tag that is in use', `app@${other.digest}`, [forced.digest, x.digest]],
      ['a platform that a pod runs', `app@${x.digest}`, [forced.digest]],
    ])('%s', (_, used, left) => {
      expect(new Set(digests(decidedIn([used])))).toEqual(new Set(left))
    })

    test('nor a part of what no tag names and nobody asked for', () => {
      expect(new Set(digests(decidedIn([])))).toEqual(new Set([forced.digest, x.digest]))
      const both = decidedIn([], ['!v1', `@${other.digest}`])
      expect(digests(both)).toContain(shared.digest)
    })

    test('unless that is forced itself', () => {
      expect(digests(decidedIn([`app@${x.digest}`], ['!v1', `!@${x.digest}`]))).toContain(x.digest)
    })
  })

  test('S33: what lies in the trash of another installation', () => {
    const copy = `m-${a.digest.slice('sha256:'.length)}`
    const inTrash = (name: string, tags: Record<string, ManifestFacts>) => {
      const requests = Object.keys(tags).map((tag) => ({ repository: name, tag, isForced: true }))
      const judgement = judged({ repositories: [repositoryFacts(name, tags)], manifests: [a], rules: [] })
      return refused(decideRemoval(judgement, { requests, allTags: false, workspaces: [] }))
    }
    expect(inTrash('ops/trash/app/1', { [copy]: a })).toEqual(['Workspace: it belongs to Tallyman'])
    expect(inTrash('ops/trash/app/1', { v1: a })).toEqual([])
    expect(inTrash('ops/app/1', { [copy]: a })).toEqual([])
  })

  test('and then nothing goes', () => {
    expect(decided(['multi', 'c3']).removals).toEqual([])
  })
})

test('S06, S15: whatever is asked for, nothing goes that a tag needs that stays, or that is in use and not forced', () => {
  const names = ['a', 'b', 'c', 'd']
  const images = names.map((name, at) => imageFacts(name, at))
  const pick = fc.subarray(images, { minLength: 1 })
  const worlds = fc.record({
    indexes: fc.array(pick, { maxLength: 3 }),
    bound: fc.array(fc.nat(9), { minLength: 1, maxLength: 8 }),
    signed: fc.subarray(images),
    used: fc.subarray(['t0', 't1', 't2', `x@${images[0]?.digest}`]),
    asks: fc.array(fc.record({ at: fc.nat(9), byDigest: fc.boolean(), isForced: fc.boolean() }), {
      minLength: 1,
      maxLength: 3,
    }),
    allTags: fc.boolean(),
  })
  let carriedOut = 0
  fc.assert(
    fc.property(worlds, ({ indexes, bound, signed, used, asks, allTags }) => {
      const held = indexes.map((children, at) => indexFacts(`index ${at}`, children))
      const signatures = signed.map((image) =>
        artifactFacts(`sig ${image.digest}`, 'sig', { subject: image.digest }),
      )
      const all = [...images, ...held, ...signatures]
      const at = (n: number) => all[n % all.length] ?? images[0]
      const tags: Record<string, ManifestFacts> = {}
      for (const [n, each] of bound.entries()) {
        const manifest = at(each)
        if (manifest !== undefined) tags[`t${n}`] = manifest
      }
      for (const [n, image] of signed.entries()) {
        const manifest = signatures[n]
        if (manifest !== undefined) tags[companion(image)] = manifest
      }
      const untagged = all.map(({ digest }) => digest)
      const repository = repositoryFacts('app', tags, { untagged })
      const requests = asks.map(({ at: n, byDigest, isForced }): RemovalRequest => {
        const named = { repository: 'app', isForced }
        return byDigest ? { ...named, digest: at(n)?.digest } : { ...named, tag: `t${n}` }
      })
      const usedImages = used.map((image) =>
        imageUse(image.startsWith('x') ? `${HOST}/${image}` : `${HOST}/app:${image}`),
      )
      const judgement = judged({ repositories: [repository], manifests: all, used: usedImages, rules: [] })
      const { refusals, removals } = decideRemoval(judgement, { requests, allTags, workspaces: [] })
      if (refusals.length > 0) {
        expect(removals).toEqual([])
        return
      }
      carriedOut += 1
      const [removal] = removals
      const going = new Set(removal?.bindings.map(({ tag }) => tag))
      const doomed = new Set(removal?.digests)
      for (const { tag } of requests) if (tag !== undefined) expect(going).toContain(tag)
      for (const { tag, digest } of requests) if (tag === undefined) expect(doomed).toContain(digest)
      const staying = Object.entries(tags).flatMap(([tag, { digest }]) => (going.has(tag) ? [] : [digest]))
      const facts = registryFacts([repository], all)
      const below = new Set(staying)
      for (const digest of below)
        for (const { digest: child } of facts.manifests.get(digest)?.children ?? []) below.add(child)
      for (const digest of below) expect(doomed).not.toContain(digest)
      // What goes unasked hangs on what was asked for.
      const asked = requests.map(({ tag, digest }) =>
        tag === undefined ? (digest ?? '') : (tags[tag]?.digest ?? ''),
      )
      const reach = withAttached(atOnce(manifestGraph(facts, new Pace())), asked)
      for (const digest of doomed) expect(reach).toContain(digest)
      const forced = new Set(asked.filter((_, n) => requests[n]?.isForced))
      const staysToo = new Set(
        [...judgement.parts.marks.digests.keys()].filter((digest) => !forced.has(digest)),
      )
      for (const digest of staysToo)
        for (const { digest: child } of facts.manifests.get(digest)?.children ?? []) staysToo.add(child)
      for (const digest of staysToo) expect(doomed).not.toContain(digest)
      if (forced.size > 0) return
      for (const tag of going) expect(judgement.parts.marks.tag('app', tag)).toBeUndefined()
    }),
    { numRuns: 1_000 },
  )
  expect(carriedOut).toBeGreaterThan(100)
})
