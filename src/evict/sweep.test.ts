import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { damage } from '#test/harness/damage.ts'
import { type EvictionSite, sparing } from '#test/harness/eviction.ts'
import { imageIndex, referrer, type TestImage } from '#test/harness/images.ts'
import { pushManifest } from '#test/harness/push.ts'
import {
  deletedIn,
  digestOf as digest,
  FIRST_DELETE as FIRST,
  freshImage,
  freshIndex,
  startSweepSite,
  writeUntagged,
} from '#test/harness/sweeping.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'
import type { Binding, Eviction } from './eviction.ts'
import { sweep } from './sweep.ts'

describe.each(['2.8', '3'] as const)('sweeping %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startSweepSite(version)
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  /** A repository in which `old` was untagged and `kept` was not. */
  function world(repository: string, old: TestImage = freshImage()) {
    const kept = freshImage()
    const eviction = writeUntagged(site, repository, { staying: { kept }, going: [old] })
    return { old, kept, eviction, pulls: () => pulls(repository, kept) }
  }

  async function pulls(repository: string, image: TestImage): Promise<void> {
    await site.direct.getManifest(repository, digest(image))
    for (const child of image.children) await pulls(repository, child)
    for (const { digest, bytes } of image.blobs) {
      await site.direct.hashBlob(repository, { digest, size: bytes.length })
    }
  }

  /** Everything that the plan lets go, in the order in which it went. */
  const swept = ({ repository, digests }: Eviction) =>
    deletedIn(site, repository).filter((each) => digests.includes(each))

  test('S20: an index goes first, then its children, then what refers to it; what stays is whole', async () => {
    const old = freshIndex()
    const signature = referrer(old, { seed: `signature/${digest(old)}` })
    site.storage.write('order', signature)
    const { eviction, pulls } = world('order', old)
    const [one, two] = old.children.map(digest)
    const mixed = { ...eviction, digests: [two ?? '', digest(signature), one ?? '', digest(old)] }
    const { hands, ended, lines } = site.hands('order')
    await sweep(hands, mixed)
    expect(swept(mixed)[0]).toBe(digest(old))
    expect(new Set(swept(mixed))).toEqual(new Set(mixed.digests))
    for (const each of mixed.digests) expect(await site.has('order', each)).toBe(false)
    expect(ended.map(({ outcome }) => outcome)).toEqual(['swept', 'swept', 'swept', 'swept'])
    expect(lines).toHaveLength(5)
    await pulls()
  })

  test('a second time nothing is left to do', async () => {
    const { eviction } = world('twice')
    const { hands, ended } = site.hands('twice')
    await sweep(hands, eviction)
    const before = site.proxy.count
    await sweep(hands, eviction)
    expect(site.proxy.count).toBe(before)
    expect(ended).toHaveLength(1)
  })

  test('S03: nothing goes without a fresh consent', async () => {
    const { old, eviction } = world('refused')
    const refusal = new TallymanError('BARRIER_NOT_REACHED', 'a cluster does not answer')
    let consents = 1
    const guard = async () => {
      consents -= 1
      if (consents < 0) throw refusal
    }
    await expect(sweep(site.hands('refused', { guard }).hands, eviction)).rejects.toBe(refusal)
    expect(await site.has('refused', digest(old))).toBe(true)
  })

  test('what came into use stays, with what it contains', async () => {
    const { old, eviction } = world('used', freshIndex())
    const { hands, ended } = site.hands('used', { stillDoomed: sparing(digest(old)) })
    await sweep(hands, eviction)
    await pulls('used', old)
    expect(ended.map(({ outcome }) => outcome)).toEqual(['spared', 'named', 'named'])
  })

  test('S15: a tag that is to go with its manifest keeps another one that it was moved onto', async () => {
    const { old, eviction } = world('moved')
    const other = freshImage()
    site.storage.write('moved', other, 'going')
    const withTags = [{ tag: 'going', digest: digest(old) }]
    const { hands } = site.hands('moved')
    await sweep(hands, { ...eviction, digests: [digest(old), digest(other)] }, { withTags })
    expect(await site.tags('moved')).toMatchObject({ going: digest(other) })
    expect(await site.has('moved', digest(old))).toBe(false)
  })

  test('S04: a tag that goes along is told of as soon as it is gone, not when its batch has ended', async () => {
    const { old, eviction } = world('along')
    const other = freshImage()
    site.storage.write('along', old, 'first')
    site.storage.write('along', other, 'second')
    const withTags = [
      { tag: 'first', digest: digest(old) },
      { tag: 'second', digest: digest(other) },
    ]
    // No batch ends because its time is over.
    const { hands, ended } = site.hands('along', { clock: { ...systemClock, monotonic: () => 0 } })
    const gone: string[] = []
    const options = { withTags, gone: ({ tag }: Binding) => gone.push(tag) }
    // The first DELETE is of a scratch manifest.
    const held = site.proxy.hold({ method: 'DELETE', nth: 3 })
    const running = sweep(hands, { ...eviction, digests: [digest(old), digest(other)] }, options)
    await held.arrived
    expect([gone.length, ended]).toEqual([1, []])
    held.release()
    await running
    expect(gone.sort()).toEqual(['first', 'second'])
    expect(ended.filter(({ tag }) => tag !== undefined)).toHaveLength(2)
  })

  test('S15: a tag that was moved onto a doomed digest keeps it, with what it contains', async () => {
    const { old, eviction } = world('rolled-back', freshIndex())
    site.storage.tag('rolled-back', digest(old), 'kept')
    const { hands, ended } = site.hands('rolled-back')
    await sweep(hands, eviction)
    await pulls('rolled-back', old)
    expect(ended.map(({ outcome }) => outcome)).toEqual(['named', 'named', 'named'])
  })

  test('S15: so does an index that was pushed since and contains one of its platforms', async () => {
    const { old, eviction } = world('reused', freshIndex())
    const [one, two] = old.children
    if (one === undefined || two === undefined) throw new Error('an index has children')
    site.storage.write('reused', imageIndex('oci', [{ image: one }], { name: 'since' }), 'kept')
    await sweep(site.hands('reused').hands, eviction)
    await pulls('reused', one)
    expect(await site.has('reused', digest(two))).toBe(false)
  })

  test('S15: so does one that contains such an index in turn', async () => {
    const { old, eviction } = world('nested', freshIndex())
    const [one, two] = old.children
    if (one === undefined || two === undefined) throw new Error('an index has children')
    const inner = imageIndex('oci', [{ image: one }], { name: 'inner' })
    site.storage.write('nested', imageIndex('oci', [{ image: inner }], { name: 'outer' }), 'kept')
    await sweep(site.hands('nested').hands, eviction)
    await pulls('nested', one)
    expect(await site.has('nested', digest(two))).toBe(false)
  })

  test.each([
    [5, 'keeps what the last one contains', undefined],
    [6, 'blocks, as what the last one contains is not known', 'DELETE_UNSETTLED'],
  ] as const)('S15: one of %i indexes in each other %s', async (depth, _, code) => {
    const repository = `deep/${depth}`
    const { old, eviction } = world(repository, freshIndex())
    const [one] = old.children
    if (one === undefined) throw new Error('an index has children')
    let outer = one
    for (let n = 1; n <= depth; n += 1) outer = imageIndex('oci', [{ image: outer }], { name: `deep ${n}` })
    site.storage.write(repository, outer, 'kept')
    const running = sweep(site.hands(repository).hands, eviction)
    await (code === undefined ? running : expect(running).rejects.toMatchObject({ code }))
    await pulls(repository, one)
  })

  test('S15: a tag that is moved there in the last moment goes along, is put back at once, and the run stops', async () => {
    const { old, eviction } = world('raced', freshIndex())
    const held = site.proxy.hold(FIRST)
    const { hands } = site.hands('raced')
    const running = sweep(hands, eviction)
    await held.arrived
    await pushManifest(site.registry, 'raced', old.manifest, 'kept')
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_TOOK_TAG' })
    expect(await site.tags('raced')).toEqual({ kept: digest(old) })
    await pulls('raced', old)
    await sweep(hands, eviction)
    await pulls('raced', old)
  })

  test('S15: a platform whose index was pushed again meanwhile stays', async () => {
    const { old, eviction } = world('pushed-again', freshIndex())
    const held = site.proxy.hold({ method: 'HEAD', path: new RegExp(digest(old)) })
    const { hands, ended } = site.hands('pushed-again')
    const running = sweep(hands, eviction)
    await held.arrived
    await pushManifest(site.registry, 'pushed-again', old.manifest, 'kept')
    held.release()
    await running
    await pulls('pushed-again', old)
    expect(ended.map(({ outcome }) => outcome)).toEqual(['swept', 'named', 'named'])
  })

  test('S15: a list that ends early after a DELETE is none; the next call counts again', async () => {
    const { old, eviction, pulls } = world('half-listed')
    const lists = { path: /\/half-listed\/tags\/list/ }
    // Two before anything goes, and one right before the DELETE.
    const fault = { kind: 'truncate', after: 20, length: 'shortened' } as const
    const mend = site.proxy.rule(fault, { ...lists, from: 4 })
    const { hands, lines, ended } = site.hands('half-listed')
    await expect(sweep(hands, eviction)).rejects.toMatchObject({ code: 'REGISTRY_PAGINATION' })
    expect(lines.map(({ reference }) => reference)).toContain(digest(old))
    expect(ended).toEqual([])
    mend()
    await sweep(hands, eviction)
    expect(ended).toEqual([{ digest: digest(old), outcome: 'swept' }])
    await pulls()
  })

  test('S15: a tag that disappears while all are asked what they name blocks the repository', async () => {
    const { old, eviction } = world('disagree')
    site.storage.write('disagree', freshImage(), 'going')
    const held = site.proxy.hold({ method: 'HEAD', path: /\/disagree\/manifests\/kept/ })
    const running = sweep(site.hands('disagree').hands, eviction)
    await held.arrived
    // It is asked beside, and has to name something still: what names nothing blocks, too.
    const isAsked = ({ path, status }: { path: string; status?: number | undefined }) =>
      path.endsWith('/disagree/manifests/going') && status === 200
    await eventually(() => site.proxy.requests.some(isAsked))
    damage('tag-gone', { storageDir: site.registry.storageDir, repository: 'disagree', reference: 'going' })
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_UNSETTLED' })
    expect(await site.has('disagree', digest(old))).toBe(true)
  })

  test('S15: so does one that names nothing', async () => {
    const { old, eviction } = world('dangling')
    site.storage.tag('dangling', digest(freshImage()), 'dangling')
    await expect(sweep(site.hands('dangling').hands, eviction)).rejects.toMatchObject({
      code: 'DELETE_UNSETTLED',
    })
    expect(await site.has('dangling', digest(old))).toBe(true)
  })

  test('S15: so does one that was pushed since and cannot be read', async () => {
    const { old, eviction } = world('unread')
    const since = freshImage()
    site.storage.write('unread', since, 'since')
    const body = { errors: [{ code: 'MANIFEST_UNKNOWN' }] }
    site.proxy.rule({ kind: 'status', status: 404, body }, { method: 'GET', path: new RegExp(digest(since)) })
    await expect(sweep(site.hands('unread').hands, eviction)).rejects.toMatchObject({
      code: 'DELETE_UNSETTLED',
    })
    expect(await site.has('unread', digest(old))).toBe(true)
  })

  test('S15: so does a list that lacks a tag that stays', async () => {
    const { old, eviction, pulls } = world('unlisted')
    const headers = { 'content-type': 'application/json' }
    const body = '{"name":"unlisted","tags":[]}'
    site.proxy.rule({ kind: 'status', status: 200, headers, body }, { path: /\/unlisted\/tags\/list/ })
    await expect(sweep(site.hands('unlisted').hands, eviction)).rejects.toMatchObject({
      code: 'DELETE_UNSETTLED',
    })
    expect(await site.has('unlisted', digest(old))).toBe(true)
    await pulls()
  })

  test.each([
    ['before it arrived', { kind: 'cut', at: 'request' }],
    ['after it was done', { kind: 'drop' }],
  ] as const)('S16: a DELETE that is cut off %s is looked after', async (_, fault) => {
    const { old, eviction, pulls } = world('cut')
    site.proxy.rule({ ...fault, times: 1 }, FIRST)
    const { hands, ended } = site.hands('cut')
    await sweep(hands, eviction)
    expect(await site.has('cut', digest(old))).toBe(false)
    expect(ended).toEqual([{ digest: digest(old), outcome: 'swept' }])
    await pulls()
  })

  test('S16: one that is cut off every time stops the repository', async () => {
    const { eviction, pulls } = world('always-cut')
    site.proxy.rule({ kind: 'cut', at: 'request' }, { method: 'DELETE', from: 2 })
    await expect(sweep(site.hands('always-cut').hands, eviction)).rejects.toMatchObject({
      code: 'DELETE_UNSAFE',
    })
    await pulls()
  })

  test('S16: a tag that a DELETE left naming nothing gets its manifest back', async () => {
    const { old, eviction } = world('half-done')
    const held = site.proxy.hold(FIRST)
    site.proxy.rule({ kind: 'cut', at: 'request', times: 1 }, FIRST)
    const { hands } = site.hands('half-done')
    const running = sweep(hands, eviction)
    await held.arrived
    // What docker-registry 2.8 leaves of a DELETE that its client does not wait for (research/registry-protocol.md §3).
    site.storage.tag('half-done', digest(old), 'kept')
    const { storageDir } = site.registry
    damage('revision-link-missing', { storageDir, repository: 'half-done', reference: digest(old) })
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_TOOK_TAG' })
    expect(await site.tags('half-done')).toEqual({ kept: digest(old) })
    await pulls('half-done', old)
  })

  test.each([
    ['looked at', { method: 'GET', nth: 3 }],
    ['sent', { method: 'DELETE', nth: 2 }],
  ] as const)(
    'S16: so it does where the first DELETE comes to its end right before the next one is %s',
    async (_, next) => {
      const { old, eviction } = world('late')
      site.proxy.rule({ kind: 'cut', at: 'request', times: 1 }, FIRST)
      const held = site.proxy.hold({ ...next, path: new RegExp(`/late/manifests/${digest(old)}`) })
      const running = sweep(site.hands('late').hands, eviction)
      await held.arrived
      site.storage.tag('late', digest(old), 'kept')
      const { storageDir } = site.registry
      damage('revision-link-missing', { storageDir, repository: 'late', reference: digest(old) })
      held.release()
      await expect(running).rejects.toMatchObject({ code: 'DELETE_TOOK_TAG' })
      expect(await site.tags('late')).toEqual({ kept: digest(old) })
      await pulls('late', old)
    },
  )

  test('S16: so it does where the process died before it could look', async () => {
    const { old, eviction } = world('died')
    const abort = new AbortController()
    const { hands } = site.hands('died', { signal: abort.signal })
    const dies = { kind: 'cut', at: 'request', times: 1, onStrike: () => abort.abort() } as const
    site.proxy.rule(dies, FIRST)
    await expect(sweep(hands, eviction)).rejects.toMatchObject({ code: 'CANCELLED' })
    site.storage.tag('died', digest(old), 'kept')
    const { storageDir } = site.registry
    damage('revision-link-missing', { storageDir, repository: 'died', reference: digest(old) })
    const successor = site.hands('died', { journal: hands.journal }).hands
    await expect(sweep(successor, eviction)).rejects.toMatchObject({ code: 'DELETE_TOOK_TAG' })
    expect(await site.tags('died')).toEqual({ kept: digest(old) })
    await sweep(successor, eviction)
    await pulls('died', old)
  })

  test('S16: a successor touches nothing while tags still disappear', async () => {
    const { eviction } = world('still-going')
    site.storage.write('still-going', freshImage(), 'going')
    const abort = new AbortController()
    const { hands } = site.hands('still-going', { signal: abort.signal })
    const dies = { kind: 'cut', at: 'request', times: 1, onStrike: () => abort.abort() } as const
    site.proxy.rule(dies, FIRST)
    await expect(sweep(hands, eviction)).rejects.toMatchObject({ code: 'CANCELLED' })
    const held = site.proxy.hold({ method: 'GET', path: /\/still-going\/tags\/list/, nth: 2 })
    const successor = site.hands('still-going', { journal: hands.journal })
    const running = sweep(successor.hands, eviction)
    await held.arrived
    damage('tag-gone', {
      storageDir: site.registry.storageDir,
      repository: 'still-going',
      reference: 'going',
    })
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_UNSETTLED' })
    expect(successor.lines).toEqual([])
  })
})
