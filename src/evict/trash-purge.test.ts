import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { dyingJournal } from '#test/harness/dying-journal.ts'
import { type EvictionSite, sparing, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage, imageIndex, LINUX_AMD64, type TestImage } from '#test/harness/images.ts'
import { LeapingClock } from '#test/harness/leaping-clock.ts'
import type { Candidate } from './eviction.ts'
import type { Hands } from './hands.ts'
import { type Journal, MemoryJournal } from './journal.ts'
import { journalState } from './journal-state.ts'
import { copyToTrash, provenInTrash, purgeTrash } from './trash.ts'
import type { OtherJournals } from './trash-others.ts'

const PLACE = { prefix: 'tallyman/trash' }
const DAY = 86_400_000
/** No other run has copied anything from there. */
const nobody: OtherJournals = async function* () {
  yield* []
}
const digest = (image: TestImage) => image.manifest.digest

describe.each(['2.8', '3'] as const)('purging the trash of %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterAll(() => site.stop())

  /** A source of which an index over a platform and a plain image were copied, a day ago. */
  async function world(source: string) {
    const platform = containerImage({ seed: `${source}/platform` })
    const index = imageIndex('oci', [{ image: platform, platform: LINUX_AMD64 }])
    const plain = containerImage({ seed: `${source}/plain` })
    for (const image of [index, plain]) site.storage.write(source, image, `m-${digest(image).slice(-8)}`)
    const clock = new LeapingClock()
    const journal = new MemoryJournal()
    const hands = (more: Partial<Hands> = {}) => site.hands(source, { journal, clock, ...more })
    const digests = [index, platform, plain].map(digest)
    await copyToTrash(hands().hands, PLACE, digests)
    clock.leap(DAY)
    const copy = `${PLACE.prefix}/${source}/1`
    const lies = async (image: TestImage) => await site.has(copy, digest(image))
    return { platform, index, plain, clock, journal, hands, digests, copy, lies }
  }

  test('S19: deletes what is older by its digest, indexes first, each with its line of audit; the source stays', async () => {
    const { index, platform, plain, clock, hands, digests, copy, lies } = await world('old')
    const { hands: able, lines } = hands()
    expect(await purgeTrash(able, PLACE, clock.now(), nobody)).toBe(3)
    for (const image of [index, platform, plain]) {
      expect(await lies(image)).toBe(false)
      expect(await site.has('old', digest(image))).toBe(true)
    }
    expect(await site.tags(copy)).toEqual({})
    expect(lines.map(({ method, repository }) => [method, repository])).toEqual([
      ['DELETE', copy],
      ['DELETE', copy],
      ['DELETE', copy],
    ])
    const order = lines.map(({ reference }) => reference)
    expect(order.indexOf(digest(index))).toBeLessThan(order.indexOf(digest(platform)))
    // Nobody believes in it any more, and it can be copied again.
    expect(await provenInTrash(able, PLACE, digests, clock.now())).toEqual(new Set())
    expect(await purgeTrash(able, PLACE, clock.now(), nobody)).toBe(0)
    await copyToTrash(able, PLACE, digests)
    expect((await provenInTrash(able, PLACE, digests, clock.now() + DAY)).size).toBe(3)
  })

  test('leaves what is younger, with what it contains however old that is', async () => {
    const { index, platform, plain, clock, hands, journal, lies, copy } = await world('young')
    expect(await purgeTrash(hands().hands, PLACE, clock.now() - 2 * DAY, nobody)).toBe(0)
    const at = clock.now()
    await journal.append([{ kind: 'trashed', at, repository: copy, digests: [digest(index)] }])
    expect(await purgeTrash(hands().hands, PLACE, at, nobody)).toBe(1)
    expect([await lies(index), await lies(platform), await lies(plain)]).toEqual([true, true, false])
  })

  test('S04: what is in use by now is not purged, nor is what it contains', async () => {
    const { index, platform, plain, clock, hands, lies } = await world('used')
    const asked: Candidate[] = []
    const stillDoomed = (candidate: Candidate) => {
      asked.push(candidate)
      return sparing(digest(index))(candidate)
    }
    expect(await purgeTrash(hands({ stillDoomed }).hands, PLACE, clock.now(), nobody)).toBe(1)
    expect([await lies(index), await lies(platform), await lies(plain)]).toEqual([true, true, false])
    // It is asked about the source: that is what is in use.
    expect(asked).toContainEqual({ repository: 'used', digest: digest(plain) })
  })

  test('S04: what comes into use while it is purged stays, with what it contains', async () => {
    const { index, platform, plain, clock, hands, lies } = await world('late')
    let guards = 0
    const guard = async () => {
      guards += 1
    }
    // The first is that of the purge, the second that of the shelf, the third that of its own DELETE.
    const stillDoomed = (candidate: Candidate) =>
      candidate.repository !== 'late' || candidate.digest !== digest(index) || guards < 3
    expect(await purgeTrash(hands({ guard, stillDoomed }).hands, PLACE, clock.now(), nobody)).toBe(1)
    expect([await lies(index), await lies(platform), await lies(plain)]).toEqual([true, true, false])
  })

  test('S03: nobody knows who uses what before the guard has asked', async () => {
    const { clock, hands } = await world('unasked')
    let isAsked = false
    const guard = async () => {
      isAsked = true
    }
    const stillDoomed = () => {
      if (!isAsked) throw new TallymanError('BARRIER_NOT_REACHED', 'asked before the guard')
      return true
    }
    expect(await purgeTrash(hands({ guard, stillDoomed }).hands, PLACE, clock.now(), nobody)).toBe(3)
  })

  test('S03: nothing is purged without the consent of the guard', async () => {
    const { index, clock, hands, lies } = await world('guarded')
    const guard = async () => {
      throw new TallymanError('LEADERSHIP_LOST', 'somebody else leads')
    }
    const { hands: bound, lines } = hands({ guard })
    await expect(purgeTrash(bound, PLACE, clock.now(), nobody)).rejects.toMatchObject({
      code: 'LEADERSHIP_LOST',
    })
    expect(lines).toEqual([])
    expect(await lies(index)).toBe(true)
  })

  test('S19: what the registry does not let go is recorded once as about to be deleted, and goes when it may', async () => {
    const { clock, hands, journal } = await world('refused')
    const purging = async () => {
      const kinds: string[] = []
      for await (const { kind } of journal.read()) if (kind === 'purging') kinds.push(kind)
      return kinds.length
    }
    site.proxy.rule({ kind: 'status', status: 403 }, { method: 'DELETE' })
    for (const _ of ['first pass', 'second pass']) {
      await expect(purgeTrash(hands().hands, PLACE, clock.now(), nobody)).rejects.toThrow()
      expect(await purging()).toBe(1)
    }
    site.proxy.clear()
    expect(await purgeTrash(hands().hands, PLACE, clock.now(), nobody)).toBe(3)
  })

  test('S19: deletes nothing outside the trash, whatever the journal says', async () => {
    const { index, clock, hands, journal } = await world('outside')
    const at = clock.now() - DAY
    const manifests = [{ digest: digest(index), children: [] }]
    await journal.append([{ kind: 'trashing', at, repository: 'outside', manifests }])
    await purgeTrash(hands().hands, PLACE, clock.now(), nobody)
    expect(await site.has('outside', digest(index))).toBe(true)
  })

  test('deletes copies that were begun and never finished', async () => {
    const { clock, hands } = await world('half')
    const image = containerImage({ seed: 'half/begun' })
    site.storage.write('half', image)
    const journal = new MemoryJournal()
    const { hands: killed } = hands({ journal: dyingJournal(journal, 'trashed') })
    const copying = copyToTrash(killed, PLACE, [digest(image)])
    await expect(copying).rejects.toMatchObject({ code: 'CANCELLED' })
    const copy = `${PLACE.prefix}/half/1`
    expect(await site.has(copy, digest(image))).toBe(true)
    expect(await purgeTrash(hands({ journal }).hands, PLACE, clock.now() + 1, nobody)).toBe(1)
    expect(await site.has(copy, digest(image))).toBe(false)
  })

  /** Two runs that copy the same image to the same place, one after the other; `first` is what the earlier one does. */
  async function sharing(source: string, first: (hands: Hands, digest: string) => Promise<unknown>) {
    const image = containerImage({ seed: `${source}/image` })
    site.storage.write(source, image, 'v1')
    const [earlier, later] = [new MemoryJournal(), new MemoryJournal()]
    await first(site.hands(source, { journal: earlier }).hands, digest(image))
    const { hands: second } = site.hands(source, { journal: later })
    await copyToTrash(second, PLACE, [digest(image)])
    const lies = () => site.has(`${PLACE.prefix}/${source}/1`, digest(image))
    expect(await lies()).toBe(true)
    const purge = async (whose: MemoryJournal, others: readonly Pick<Journal, 'read'>[]) => {
      const { hands, lines } = site.hands(source, { journal: whose })
      const count = await purgeTrash(hands, PLACE, Date.now() + DAY, async function* () {
        yield* others
      })
      const { copies } = await journalState(whose)
      return { count, deleted: lines.length, left: copies.length, lies: await lies() }
    }
    return { image, earlier, later, purge }
  }

  /** A journal of which only what `left` has can be read. */
  const unreadable = (code: 'JOURNAL_LOST' | 'REGISTRY_DIGEST_MISMATCH', left = new MemoryJournal()) => ({
    read: async function* () {
      yield* left.read()
      throw new TallymanError(code, 'not what it was')
    },
  })

  test('S45: the copy of a later run stays where an earlier one had begun one that it never wrote', async () => {
    const { earlier, later, purge } = await sharing('begun', async (hands, digest) => {
      site.proxy.rule({ kind: 'status', status: 403 }, { method: 'PUT', path: /trash\/begun\/1\/manifests/ })
      await expect(copyToTrash(hands, PLACE, [digest])).rejects.toThrow()
      site.proxy.clear()
    })
    expect(await purge(earlier, [unreadable('JOURNAL_LOST')])).toEqual({
      count: 0,
      deleted: 0,
      left: 1,
      lies: true,
    })
    expect(await purge(earlier, [later])).toEqual({ count: 1, deleted: 0, left: 0, lies: true })
    expect(await purge(later, [earlier])).toEqual({ count: 1, deleted: 1, left: 0, lies: false })
  })

  test('S45: an earlier run that goes on makes a copy of its own', async () => {
    const { image, earlier, later, purge } = await sharing('on', async (hands, digest) => {
      site.proxy.rule({ kind: 'status', status: 403 }, { method: 'PUT', path: /trash\/on\/1\/manifests/ })
      await expect(copyToTrash(hands, PLACE, [digest])).rejects.toThrow()
      site.proxy.clear()
    })
    const { hands } = site.hands('on', { journal: earlier })
    await copyToTrash(hands, PLACE, [digest(image)], async function* () {
      yield later
    })
    expect(await site.has(`${PLACE.prefix}/on/2`, digest(image))).toBe(true)
    expect(await purge(later, [earlier])).toEqual({ count: 1, deleted: 1, left: 0, lies: false })
    const proven = await provenInTrash(hands, PLACE, [digest(image)], Date.now() + DAY)
    expect([...proven]).toEqual([digest(image)])
  })

  test('S45: the copy of a later run stays where that of an earlier one had vanished', async () => {
    const { earlier, later, purge } = await sharing('vanished', async (hands, digest) => {
      await copyToTrash(hands, PLACE, [digest])
      const path = `/v2/${PLACE.prefix}/vanished/1/manifests/${digest}`
      expect((await site.registry.wire.send({ method: 'DELETE', path })).status).toBe(202)
    })
    expect((await journalState(earlier)).copies[0]?.at).toBeGreaterThan(0)
    const damaged = unreadable('JOURNAL_LOST', later)
    expect(await purge(earlier, [damaged])).toEqual({ count: 0, deleted: 0, left: 1, lies: true })
    expect(await purge(earlier, [later])).toEqual({ count: 1, deleted: 0, left: 0, lies: true })
    expect(await purge(later, [unreadable('JOURNAL_LOST', earlier)])).toEqual({
      ...{ count: 1, deleted: 1, left: 0, lies: false },
    })
  })

  test('S45: a copy is left to a later run that was killed before it had seen its own whole', async () => {
    const { earlier, later, image, purge } = await sharing('killed', async (hands, digest) => {
      await copyToTrash(hands, PLACE, [digest])
      const path = `/v2/${PLACE.prefix}/killed/1/manifests/${digest}`
      expect((await site.registry.wire.send({ method: 'DELETE', path })).status).toBe(202)
    })
    const begun = new MemoryJournal()
    const repository = `${PLACE.prefix}/killed/1`
    const [{ begunAt = 0 } = {}] = (await journalState(later)).copies
    await begun.append([
      { kind: 'trashing', at: begunAt, repository, manifests: [{ digest: digest(image), children: [] }] },
    ])
    expect(await purge(earlier, [begun])).toEqual({ count: 1, deleted: 0, left: 0, lies: true })
  })

  test('S45: a copy is left to a run that has seen it whole, although this one has begun it again since', async () => {
    const { earlier, later, image, purge } = await sharing('again', async () => undefined)
    const repository = `${PLACE.prefix}/again/1`
    const manifests = [{ digest: digest(image), children: [] }]
    const at = Date.now() + 1
    await earlier.append([
      { kind: 'trashing', at, repository, manifests },
      { kind: 'trashed', at, repository, digests: [digest(image)] },
    ])
    expect(await purge(earlier, [later])).toEqual({ count: 1, deleted: 0, left: 0, lies: true })
    expect(await purge(later, [earlier])).toEqual({ count: 1, deleted: 1, left: 0, lies: false })
  })

  test('S04: what is asked for while earlier shelves are purged stays, with what it contains, although itself is gone', async () => {
    const { index, platform, clock, journal, hands, copy } = await world('shelves')
    const path = `/v2/${copy}/manifests/${digest(index)}`
    expect((await site.registry.wire.send({ method: 'DELETE', path })).status).toBe(202)
    const at = clock.now() - DAY
    await journal.append([{ kind: 'purging', at, repository: copy, digests: [digest(index)] }])
    let guards = 0
    const guard = async () => {
      guards += 1
    }
    const stillDoomed = (candidate: Candidate) => candidate.digest !== digest(index) || guards < 2
    await purgeTrash(hands({ guard, stillDoomed }).hands, PLACE, clock.now(), nobody)
    expect(await site.has(copy, digest(platform))).toBe(true)
  })

  test('S45: the copy of a later run stays where an earlier one was killed before it had recorded that its own went', async () => {
    const { earlier, later, purge } = await sharing('gone', async (hands, digest) => {
      await copyToTrash(hands, PLACE, [digest])
      const dying = { ...hands, journal: dyingJournal(hands.journal, 'purged') }
      const purging = purgeTrash(dying, PLACE, Date.now() + DAY, nobody)
      await expect(purging).rejects.toMatchObject({ code: 'CANCELLED' })
    })
    const [before] = [...(await journalState(earlier)).copies]
    expect(before?.isPurging).toBe(true)
    // What cannot be read may speak of it: nobody knows, until another one does.
    for (const code of ['JOURNAL_LOST', 'REGISTRY_DIGEST_MISMATCH'] as const)
      expect(await purge(earlier, [unreadable(code)])).toEqual({ count: 0, deleted: 0, left: 1, lies: true })
    expect(await purge(earlier, [unreadable('JOURNAL_LOST'), later])).toEqual({
      ...{ count: 1, deleted: 0, left: 0, lies: true },
    })
  })
})
