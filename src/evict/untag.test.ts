import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { RegistryClient } from '#registry/client.ts'
import { dyingJournal } from '#test/harness/dying-journal.ts'
import { type EvictionSite, evictionOf, sparing, startEvictionSite } from '#test/harness/eviction.ts'
import { executeOn } from '#test/harness/execution.ts'
import { containerImage, type TestImage } from '#test/harness/images.ts'
import { pushManifest } from '#test/harness/push.ts'
import type { Candidate } from './eviction.ts'
import type { Hands } from './hands.ts'
import { type Journal, MemoryJournal } from './journal.ts'
import { journalState } from './journal-state.ts'
import { type UntagMethod, untag } from './untag.ts'
import { WIDTH } from './width.ts'

const WAYS = [
  ['2.8', 'Placeholder'],
  ['3', 'Native'],
  ['3', 'Placeholder'],
] as const
let images = 0

describe.each(WAYS)('untagging on %s, %s', (version, method: UntagMethod) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  const isNative = method === 'Native'
  /** Not of a scratch manifest. */
  const TAKES = { method: isNative ? 'DELETE' : 'PUT', path: /\/manifests\/(?!sha256:|tallyman-scratch)/ }
  /** Of the placeholder; the first DELETE is of the scratch manifest. */
  const REMOVAL = { method: 'DELETE', nth: 2 } as const

  /** A repository with these tags, an image each. */
  function world(repository: string, ...tags: string[]): Record<string, TestImage> {
    images += 1
    const world: Record<string, TestImage> = {}
    for (const tag of tags) {
      const image = containerImage({ seed: `${images}/${tag}` })
      site.storage.write(repository, image, tag)
      world[tag] = image
    }
    return world
  }

  const digest = (image: TestImage | undefined) => image?.manifest.digest ?? ''

  test('S20: no doomed tag resolves any more, and every manifest is still there', async () => {
    const tags = world('plain', 'a', 'b', 'c', 'kept')
    site.storage.tag('plain', digest(tags.a), 'also-a')
    const { hands, ended } = site.hands('plain')
    await untag(hands, evictionOf('plain', tags, ['a', 'b', 'c']), method)
    expect(await site.tags('plain')).toEqual({ 'also-a': digest(tags.a), kept: digest(tags.kept) })
    for (const image of Object.values(tags)) expect(await site.has('plain', digest(image))).toBe(true)
    expect(ended.map(({ tag, outcome }) => [tag, outcome]).sort()).toEqual([
      ['a', 'untagged'],
      ['b', 'untagged'],
      ['c', 'untagged'],
    ])
  })

  test('a second time nothing is left to do', async () => {
    const tags = world('twice', 'a', 'kept')
    const { hands, ended } = site.hands('twice')
    const eviction = evictionOf('twice', tags, ['a'])
    await untag(hands, eviction, method)
    const before = site.proxy.count
    await untag(hands, eviction, method)
    expect(site.proxy.count).toBe(before)
    expect(ended).toHaveLength(1)
  })

  test('S10: a tag that names something else by now stays', async () => {
    const tags = world('moved', 'a', 'b', 'kept')
    site.storage.tag('moved', digest(tags.kept), 'a')
    const { hands, ended } = site.hands('moved')
    await untag(hands, evictionOf('moved', tags, ['a', 'b']), method)
    expect(await site.tags('moved')).toEqual({ a: digest(tags.kept), kept: digest(tags.kept) })
    expect(ended).toContainEqual({ tag: 'a', digest: digest(tags.a), outcome: 'moved' })
  })

  test('a tag that is gone by now is not missed', async () => {
    const tags = world('gone', 'a', 'b')
    const ghost = { ...tags, ghost: containerImage({ seed: 'ghost' }) }
    site.storage.write('gone', ghost.ghost)
    const { hands, ended } = site.hands('gone')
    await untag(hands, evictionOf('gone', ghost, ['a', 'ghost']), method)
    expect(Object.keys(await site.tags('gone'))).toEqual(['b'])
    expect(ended).toContainEqual({ tag: 'ghost', digest: digest(ghost.ghost), outcome: 'gone' })
  })

  test('what came into use before its request stays', async () => {
    const tags = world('used', 'a', 'b')
    const { hands, ended } = site.hands('used', { stillDoomed: sparing('a') })
    await untag(hands, evictionOf('used', tags, ['a', 'b']), method)
    expect(await site.tags('used')).toEqual({ a: digest(tags.a) })
    expect(ended).toContainEqual({ tag: 'a', digest: digest(tags.a), outcome: 'spared' })
  })

  test('a tag whose manifest is not there is left alone: nothing could bring it back', async () => {
    const tags = world('unreadable', 'a', 'b')
    const lost = { ...tags, lost: containerImage({ seed: `${images}/lost` }) }
    site.storage.tag('unreadable', digest(lost.lost), 'lost')
    const { hands, ended } = site.hands('unreadable')
    await untag(hands, evictionOf('unreadable', lost, ['a', 'lost']), method)
    expect(Object.keys(await site.tags('unreadable'))).toEqual(['b', 'lost'])
    expect(ended).toContainEqual({ tag: 'lost', digest: digest(lost.lost), outcome: 'gone' })
  })

  test('S03: nothing goes without a fresh consent, and what had begun is taken back', async () => {
    const tags = world('refused', 'a', 'b', 'c')
    const refusal = new TallymanError('BARRIER_NOT_REACHED', 'a cluster does not answer')
    let consents = isNative ? 0 : 2
    const guard = async () => {
      consents -= 1
      if (consents < 0) throw refusal
    }
    const { hands } = site.hands('refused', { guard })
    await expect(untag(hands, evictionOf('refused', tags, ['a', 'b']), method)).rejects.toBe(refusal)
    expect(await site.tags('refused')).toEqual({ a: digest(tags.a), b: digest(tags.b), c: digest(tags.c) })
  })

  test('S15: another tag that goes with ours is put back at once, and the run stops', async () => {
    const tags = world('taken', 'a', 'kept')
    const { hands } = site.hands('taken')
    const held = site.proxy.hold(isNative ? TAKES : REMOVAL)
    const running = untag(hands, evictionOf('taken', tags, ['a']), method)
    await held.arrived
    if (isNative) await deleteTag('taken', 'kept')
    else await promote('taken', 'a', 'kept')
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_TOOK_TAG' })
    expect(await site.tags('taken')).toEqual({ kept: digest(tags.kept) })
  })

  test.each([
    ['the tags can not be listed', 'unlisted'],
    ['the work is told to stop', 'stopping'],
    ...(isNative ? [['another request of its batch is refused', 'batch'] as const] : []),
  ] as const)('S43: so it is where %s while it goes', async (_, repository) => {
    const tags = world(repository, 'a', 'b', 'kept')
    const abort = new AbortController()
    const { hands } = site.hands(repository, { signal: abort.signal })
    const forbidden = { kind: 'status', status: 403, times: 1 } as const
    if (repository === 'batch') site.proxy.rule(forbidden, { method: 'DELETE', path: /\/manifests\/b$/ })
    const held = site.proxy.hold(isNative ? { ...TAKES, path: /\/manifests\/a$/ } : REMOVAL)
    const running = untag(hands, evictionOf(repository, tags, ['a', 'b']), method)
    await held.arrived
    if (isNative) await deleteTag(repository, 'kept')
    else await promote(repository, 'a', 'kept')
    if (repository === 'unlisted') site.proxy.rule(forbidden, { path: /\/unlisted\/tags\/list/ })
    if (repository === 'stopping') abort.abort(new TallymanError('CANCELLED', 'suspended'))
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_TOOK_TAG' })
    expect(await site.tags(repository)).toMatchObject({ kept: digest(tags.kept) })
  })

  test('S16: a request whose answer is lost is looked after, and its tag does not go twice', async () => {
    const tags = world('dropped', 'a', 'b')
    site.proxy.rule({ kind: 'drop', times: 1 }, TAKES)
    const { hands, ended } = site.hands('dropped')
    await untag(hands, evictionOf('dropped', tags, ['a']), method)
    expect(await site.tags('dropped')).toEqual({ b: digest(tags.b) })
    expect(ended).toEqual([{ tag: 'a', digest: digest(tags.a), outcome: 'untagged' }])
  })

  test('S04: a tag is told of as soon as it is gone, long before its batch has ended', async () => {
    const tags = world('at-once', 'a', 'b', 'kept')
    const afterwards = { method: 'GET', path: /\/at-once\/tags\/list/, nth: 3 }
    const held = site.proxy.hold(isNative ? { method: 'DELETE', path: /\/manifests\/b$/ } : afterwards)
    const { hands, ended } = site.hands('at-once')
    const gone: string[] = []
    const eviction = evictionOf('at-once', tags, ['a', 'b'])
    const running = untag(hands, eviction, method, ({ tag }) => gone.push(tag))
    await held.arrived
    await expect.poll(() => gone).toEqual(isNative ? ['a'] : ['a', 'b'])
    expect(ended).toEqual([])
    held.release()
    await running
    expect(gone).toEqual(['a', 'b'])
    expect(ended).toHaveLength(2)
  })

  /** On 2.8 that takes a digest. */
  async function deleteTag(repository: string, reference: string): Promise<void> {
    await site.registry.wire.send({ method: 'DELETE', path: `/v2/${repository}/manifests/${reference}` })
  }

  /** Whoever promotes a tag while a placeholder stands in for it promotes that. */
  async function promote(repository: string, from: string, to: string): Promise<void> {
    const stand = await site.direct.getManifest(repository, from)
    await pushManifest(site.registry, repository, { ...stand, bytes: Buffer.from(stand.bytes) }, to)
  }

  if (isNative) {
    /** A product whose DELETE of a tag takes the manifest, with its other tags. */
    const takesImages = (but = /^$/): RegistryClient =>
      new Proxy(site.client, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key, target)
          if (key !== 'deleteManifest') return typeof value === 'function' ? value.bind(target) : value
          return async (...[name, reference, options]: Parameters<RegistryClient['deleteManifest']>) => {
            const { digest } = await target.headManifest(name, reference, {})
            return await target.deleteManifest(name, but.test(reference) ? reference : digest, options)
          }
        },
      })

    test.each([
      ['what went is recorded', 'refused', { kind: 'status', status: 403 }, 0, ['a']],
      ['it stays open where nobody knows what went', 'unanswered', { kind: 'cut', at: 'request' }, 1, []],
    ] as const)(
      'S04, S16: of a batch that is stopped halfway %s, and each tag is told of',
      async (_, how, fault, open, recorded) => {
        const repository = `halfway-${how}`
        const tags = world(repository, 'a', 'b', 'kept')
        site.proxy.rule(fault, { method: 'DELETE', path: /\/manifests\/b$/ })
        const { hands, ended } = site.hands(repository)
        const gone: string[] = []
        const eviction = evictionOf(repository, tags, ['a', 'b'])
        await expect(untag(hands, eviction, method, ({ tag }) => gone.push(tag))).rejects.toThrow()
        expect(gone).toEqual(['a'])
        const state = await journalState(hands.journal)
        expect(state.open).toHaveLength(open)
        expect(state.removed.tags.map(({ tag }) => tag)).toEqual(recorded)
        site.proxy.clear()
        await untag(hands, eviction, method)
        expect(await site.tags(repository)).toEqual({ kept: digest(tags.kept) })
        expect(ended.map(({ tag, outcome }) => `${tag} ${outcome}`)).toEqual(['a untagged', 'b untagged'])
      },
    )

    test('S40: where a DELETE of a tag takes more than the name, that shows with a manifest of ours, and nothing else is touched', async () => {
      const tags = world('takes', 'a', 'kept')
      site.storage.tag('takes', digest(tags.a), 'prod')
      const before = await site.tags('takes')
      const { hands, lines } = site.hands('takes', { delete: takesImages() })
      const running = untag(hands, evictionOf('takes', tags, ['a']), method)
      await expect(running).rejects.toMatchObject({ code: 'UNTAG_UNSUPPORTED' })
      expect(await site.tags('takes')).toEqual(before)
      expect(lines.map(({ reference }) => reference)).not.toContain('a')
    })

    test('S40: a run goes on there by digests: each takes its tags along, and a tag stays whose digest stays', async () => {
      const tags = world('digests', 'a', 'b', 'kept')
      const [a] = Object.values(tags)
      if (a === undefined) throw new Error('no image')
      site.storage.tag('digests', digest(a), 'prod')
      const eviction = evictionOf('digests', { ...tags, prod: a }, ['a', 'b'])
      const { end, lines } = await executeOn(site, [eviction], { site: { delete: takesImages() } })
      expect(await site.tags('digests')).toEqual({ a: digest(a), prod: digest(a), kept: digest(tags.kept) })
      expect(end.problems.map(({ error }) => error.code)).toEqual(['UNTAG_UNSUPPORTED'])
      expect(lines.map(({ reference }) => reference)).not.toContain('b')
    })

    test('S40: of a proof that was stopped nothing is left after the next', async () => {
      const tags = world('proof', 'a', 'kept')
      site.proxy.rule({ kind: 'cut', at: 'request', times: 1 }, { method: 'DELETE' })
      site.proxy.rule({ kind: 'status', status: 500, times: 1 }, { method: 'DELETE', nth: 2 })
      const run = () => untag(site.hands('proof').hands, evictionOf('proof', tags, ['a']), method)
      await expect(run()).rejects.toMatchObject({ code: 'DELETE_UNSAFE' })
      expect(Object.keys(await site.tags('proof'))).toContain('tallyman-scratch-2')
      await run()
      expect(await site.tags('proof')).toEqual({ kept: digest(tags.kept) })
    })

    test('S40: a tag that goes along with its manifest is put back out of the journal', async () => {
      const tags = world('along', 'a')
      const [image] = Object.values(tags)
      if (image === undefined) throw new Error('no image')
      site.storage.tag('along', digest(image), 'prod')
      const { hands } = site.hands('along', { delete: takesImages(/^tallyman-scratch/) })
      const running = untag(hands, evictionOf('along', { ...tags, prod: image }, ['a']), method)
      await expect(running).rejects.toThrow(/prod went .*; put back: prod$/)
      expect(await site.tags('along')).toEqual({ prod: digest(image) })
    })

    // The rest is of placeholders.
    return
  }

  test('S17: what comes into use before the placeholder goes gets its own manifest back first', async () => {
    const tags = world('in-time', 'a', 'b', 'c')
    const overwritten = site.proxy.counter(TAKES)
    let used = false
    const guard = async () => {
      used ||= overwritten.count === 2
    }
    const stillDoomed = ({ tag }: Candidate) => !(used && tag === 'a')
    const { hands, ended } = site.hands('in-time', { guard, stillDoomed })
    await untag(hands, evictionOf('in-time', tags, ['a', 'b']), method)
    expect(await site.tags('in-time')).toEqual({ a: digest(tags.a), c: digest(tags.c) })
    expect(ended).toContainEqual({ tag: 'a', digest: digest(tags.a), outcome: 'spared' })
  })

  test('S17: a placeholder that has stood in for tags for three seconds goes, however many are left', async () => {
    const names = Array.from({ length: 30 }, (_, n) => `t${n}`)
    const tags = world('slowly', ...names, 'kept')
    let now = 0
    const guard = async () => {
      // Time passes while it waits, not while the first ones begin.
      await undefined
      now += 500
    }
    const clock: Hands['clock'] = { ...site.hands('slowly').hands.clock, monotonic: () => now }
    const { hands, ended } = site.hands('slowly', { guard, clock })
    await untag(hands, evictionOf('slowly', tags, names), method)
    expect(await site.tags('slowly')).toEqual({ kept: digest(tags.kept) })
    expect(ended.map(({ outcome }) => outcome)).toEqual(names.map(() => 'untagged'))
    const writes = site.proxy.requests.filter(
      ({ method, path }) => /\/slowly\/manifests\//.test(path) && ['PUT', 'DELETE'].includes(method),
    )
    const stretches = writes.map(({ method }) => (method === 'PUT' ? '.' : '|')).join('')
    // Of the scratch manifest, and then 6 before the time is over, with those that are under way by then.
    for (const stretch of stretches.split('|').slice(1)) expect(stretch.length).toBeLessThan(6 + WIDTH)
    // Those that begin at once go in any case, or a journal would have no room for all the batches.
    for (const stretch of stretches.split('|').slice(1, -2)) {
      expect(stretch.length).toBeGreaterThanOrEqual(WIDTH)
    }
    expect(stretches.replaceAll('|', '')).toHaveLength(names.length + 1)
    const { saved, open } = await journalState(hands.journal)
    expect({ saved: saved.size, open }).toEqual({ saved: names.length, open: [] })
  })

  test('S17: a tag that was made from a placeholder stops the run, and every tag is what it was but for what somebody else has deleted', async () => {
    const tags = world('promoted', 'a', 'b', 'theirs')
    const held = site.proxy.hold({ method: 'GET', path: /\/promoted\/tags\/list/, nth: 2 })
    const { hands } = site.hands('promoted')
    const running = untag(hands, evictionOf('promoted', tags, ['a']), method)
    await held.arrived
    await promote('promoted', 'a', 'prod')
    await deleteTag('promoted', digest(tags.theirs))
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_UNSETTLED' })
    const { prod, ...others } = await site.tags('promoted')
    expect(prod).toBeDefined()
    expect(others).toEqual({ a: digest(tags.a), b: digest(tags.b) })
  })

  test('S43: a tag that is to go, and that somebody promotes another one to before it is looked at, is not taken for ours', async () => {
    const tags = world('onto', 'a', 'b', 'kept')
    const held = site.proxy.hold({ method: 'HEAD', path: /\/onto\/manifests\/b$/ })
    const { hands, ended } = site.hands('onto')
    const running = untag(hands, evictionOf('onto', tags, ['a', 'b']), method)
    await held.arrived
    await expect.poll(async () => (await site.tags('onto')).a).not.toBe(digest(tags.a))
    await promote('onto', 'a', 'b')
    held.release()
    await expect(running).rejects.toThrow(/b went although nobody wanted it; put back: b$/)
    expect(await site.tags('onto')).toEqual({ b: digest(tags.b), kept: digest(tags.kept) })
    expect(ended.map(({ tag, outcome }) => `${tag} ${outcome}`)).toEqual(['a untagged', 'b moved'])
    expect((await journalState(hands.journal)).removed.tags.map(({ tag }) => tag)).toEqual(['a'])
  })

  /** As many as are written over at once, and one whose turn has not come when their placeholder goes. */
  const names = Array.from({ length: WIDTH + 1 }, (_, n) => `t${n}`)
  const last = `t${WIDTH}`
  function waiting(repository: string) {
    const tags = world(repository, ...names, 'kept')
    let now = 0
    const guard = async () => {
      // As above.
      await undefined
      now += 3_000
    }
    const clock: Hands['clock'] = { ...site.hands(repository).hands.clock, monotonic: () => now }
    const { hands, ended } = site.hands(repository, { guard, clock })
    return { tags, ended, begin: () => untag(hands, evictionOf(repository, tags, names), method) }
  }

  test('S43: nor does it go unnoticed with the placeholder where its turn has not come', async () => {
    const { tags, begin } = waiting('waiting')
    const held = site.proxy.hold(REMOVAL)
    const running = begin()
    await held.arrived
    await promote('waiting', 't0', last)
    held.release()
    await expect(running).rejects.toThrow(new RegExp(`${last} went .*; put back: ${last}$`))
    expect(await site.tags('waiting')).toEqual({ [last]: digest(tags[last]), kept: digest(tags.kept) })
  })

  test('S43: nor where it came into use before its turn', async () => {
    const tags = world('spared', 'a', 'b', 'kept')
    const held = site.proxy.hold(REMOVAL)
    const { hands, ended } = site.hands('spared', { stillDoomed: sparing('b') })
    const running = untag(hands, evictionOf('spared', tags, ['a', 'b']), method)
    await held.arrived
    await promote('spared', 'a', 'b')
    held.release()
    await expect(running).rejects.toThrow(/b went .*; put back: b$/)
    expect(await site.tags('spared')).toEqual({ b: digest(tags.b), kept: digest(tags.kept) })
    expect(ended.map(({ tag, outcome }) => `${tag} ${outcome}`)).toEqual(['a untagged', 'b spared'])
  })

  test('one that somebody deletes before that is not missed', async () => {
    const { tags, begin, ended } = waiting('theirs')
    const held = site.proxy.hold({ method: 'GET', path: /\/theirs\/tags\/list/, nth: 2 })
    const running = begin()
    await held.arrived
    await deleteTag('theirs', digest(tags[last]))
    held.release()
    await running
    expect(await site.tags('theirs')).toEqual({ kept: digest(tags.kept) })
    expect(ended.at(-1)).toEqual({ tag: last, digest: digest(tags[last]), outcome: 'gone' })
  })

  test.each([
    ['how it went', ['outcome']],
    ['nothing any more', ['outcome', 'restored']],
  ] as const)(
    'S43: a kept tag that goes along is put back also where %s can not be recorded',
    async (_, kinds) => {
      const repository = `unrecorded-${kinds.length}`
      const tags = world(repository, 'a', 'kept')
      const journal = kinds.reduce<Journal>(dyingJournal, new MemoryJournal())
      const { hands } = site.hands(repository, { journal })
      const held = site.proxy.hold(REMOVAL)
      const running = untag(hands, evictionOf(repository, tags, ['a']), method)
      await held.arrived
      await promote(repository, 'a', 'kept')
      held.release()
      await expect(running).rejects.toMatchObject({ code: 'DELETE_TOOK_TAG' })
      expect(await site.tags(repository)).toEqual({ kept: digest(tags.kept) })
    },
  )

  test('S17: where the work is told to stop, no tag is left with a placeholder', async () => {
    const tags = world('stopped', 'a', 'b')
    const abort = new AbortController()
    const { hands } = site.hands('stopped', { signal: abort.signal })
    const held = site.proxy.hold({ ...TAKES, nth: 1 })
    const running = untag(hands, evictionOf('stopped', tags, ['a', 'b']), method)
    await held.arrived
    abort.abort(new TallymanError('CANCELLED', 'suspended'))
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await site.tags('stopped')).toEqual({ a: digest(tags.a), b: digest(tags.b) })
  })

  test.each([
    ['is cut off', { kind: 'cut', at: 'request' }],
    ['fails', { kind: 'status', status: 500 }],
  ] as const)(
    'S16: where the first DELETE, which harms nothing, %s, nothing is changed',
    async (_, fault) => {
      const tags = world('unsafe', 'a', 'b')
      site.proxy.rule({ ...fault, times: 1 }, { method: 'DELETE' })
      const { hands } = site.hands('unsafe')
      const running = untag(hands, evictionOf('unsafe', tags, ['a']), method)
      await expect(running).rejects.toMatchObject({ code: 'DELETE_UNSAFE' })
      expect(await site.tags('unsafe')).toEqual({ a: digest(tags.a), b: digest(tags.b) })
    },
  )

  test('S16: nor where it takes longer than a DELETE may take there', async () => {
    const tags = world('slow', 'a', 'b')
    const { hands } = site.hands('slow', { deleteLimitMs: -1 })
    const running = untag(hands, evictionOf('slow', tags, ['a']), method)
    await expect(running).rejects.toMatchObject({ code: 'DELETE_UNSAFE' })
    expect(await site.tags('slow')).toEqual({ a: digest(tags.a), b: digest(tags.b) })
  })

  test.each([
    ['before it arrived', { kind: 'cut', at: 'request' }],
    ['after it was done', { kind: 'drop' }],
  ] as const)('S16: a DELETE of a placeholder that is cut off %s is looked after', async (_, fault) => {
    const tags = world('cut', 'a', 'b', 'c')
    site.proxy.rule({ ...fault, times: 1 }, REMOVAL)
    const { hands, ended } = site.hands('cut')
    await untag(hands, evictionOf('cut', tags, ['a', 'b']), method)
    expect(await site.tags('cut')).toEqual({ c: digest(tags.c) })
    expect(ended.map(({ outcome }) => outcome)).toEqual(['untagged', 'untagged'])
  })

  test('S16: where it fails every time, every tag gets its manifest back', async () => {
    const tags = world('failing', 'a', 'b')
    site.proxy.rule({ kind: 'status', status: 502 }, { method: 'DELETE', from: 2 })
    const { hands } = site.hands('failing')
    const running = untag(hands, evictionOf('failing', tags, ['a']), method)
    await expect(running).rejects.toMatchObject({ code: 'DELETE_UNSAFE' })
    expect(await site.tags('failing')).toEqual({ a: digest(tags.a), b: digest(tags.b) })
  })
})
