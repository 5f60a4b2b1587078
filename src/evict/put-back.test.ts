import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { shelfOf } from '#test/harness/evicted.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage } from '#test/harness/images.ts'
import { carryOut } from './carry-out.ts'
import type { Hands } from './hands.ts'
import { begin } from './intents.ts'
import { type JournalRecord, MemoryJournal } from './journal.ts'
import { journalOf } from './journal-shelf.ts'
import { placeholder } from './placeholder.ts'
import { putBack, putBackLost, revive } from './put-back.ts'
import { SampleRecord } from './sample-record.ts'

const [OURS, THEIRS] = ['ours', 'theirs'].map(
  (seed) => containerImage({ seed: `put back/${seed}` }).manifest,
) as [ReturnType<typeof containerImage>['manifest'], ReturnType<typeof containerImage>['manifest']]
let site: EvictionSite

beforeAll(async () => {
  site = await startEvictionSite('3')
})
afterAll(() => site.stop())

/** A repository with both images, of which the tag `theirs` names one. */
function world(repository: string) {
  for (const seed of ['ours', 'theirs']) {
    const image = containerImage({ seed: `put back/${seed}` })
    site.storage.write(repository, image, ...(seed === 'theirs' ? ['theirs'] : []))
  }
  return site.hands(repository).hands
}

describe('a tag gets its manifest back', () => {
  test('where it names nothing, or a placeholder', async () => {
    const hands = world('lost')
    expect(await putBack(hands, 'missing', OURS)).toBe(true)
    const stand = placeholder('lost')
    await site.direct.putManifest('lost', 'over', stand)
    expect(await putBack(hands, 'over', OURS, stand.digest)).toBe(true)
    // It went with the placeholder.
    expect(await putBack(hands, 'gone', OURS, stand.digest)).toBe(true)
    expect(await putBack(hands, 'missing', OURS)).toBe(true)
    expect(await site.tags('lost')).toEqual({
      gone: OURS.digest,
      missing: OURS.digest,
      over: OURS.digest,
      theirs: THEIRS.digest,
    })
  })

  test('S15: what somebody has pushed meanwhile is not written over', async () => {
    const hands = world('pushed')
    expect(await putBack(hands, 'theirs', OURS)).toBe(false)
    expect(await putBack(hands, 'theirs', OURS, placeholder('pushed').digest)).toBe(false)
    expect(await site.tags('pushed')).toEqual({ theirs: THEIRS.digest })
  })
})

test('S15: tags that were taken are put back and recorded, what cannot be is named, and the run stops', async () => {
  const hands = world('taken')
  const stops = putBackLost(hands, ['lost', 'unknown', 'theirs'], async (tag) =>
    tag === 'unknown' ? undefined : OURS,
  )
  await expect(stops).rejects.toMatchObject({
    code: 'DELETE_TOOK_TAG',
    message: expect.stringMatching(/put back: lost; not known what they named: unknown, theirs$/),
    details: { lost: 3, putBack: 1 },
  })
  expect(await site.tags('taken')).toEqual({ lost: OURS.digest, theirs: THEIRS.digest })
  const records: JournalRecord[] = []
  for await (const record of hands.journal.read()) records.push(record)
  expect(records).toEqual([expect.objectContaining({ kind: 'restored', tag: 'lost', digest: OURS.digest })])
})

test('S43: one that cannot be put back does not keep the others from it, nor does a stop, and the run stops for what was taken', async () => {
  const hands = {
    ...world('refused'),
    signal: AbortSignal.abort(new TallymanError('CANCELLED', 'suspended')),
  }
  site.proxy.rule({ kind: 'status', status: 403 }, { method: 'PUT', path: /\/refused\/manifests\/first$/ })
  const stops = putBackLost(hands, ['first', 'unreadable', 'second'], async (tag) => {
    if (tag === 'unreadable') throw new TallymanError('REGISTRY_TIMEOUT', 'no answer')
    return OURS
  })
  await expect(stops).rejects.toMatchObject({
    code: 'DELETE_TOOK_TAG',
    message: expect.stringMatching(/; put back: second; not put back: first, unreadable \(.+\)$/),
    cause: expect.objectContaining({ code: 'REGISTRY_FORBIDDEN' }),
  })
  expect(await site.tags('refused')).toEqual({ second: OURS.digest, theirs: THEIRS.digest })
})

describe('a kept tag that goes while the run is told to stop is back, and the journal in the workspace says so', () => {
  const bindings = [{ tag: 'doomed', digest: OURS.digest }]
  const stop = new TallymanError('CANCELLED', 'suspended')

  test.each([
    { name: 'S43: in the middle', repository: 'stop-tags', takes: ['doomed', 'kept'], isAtEnd: false },
    { name: 'S40: with its manifest', repository: 'stop-image', takes: [OURS.digest], isAtEnd: false },
    { name: 'S40: before the end is recorded', repository: 'stop-end', takes: [OURS.digest], isAtEnd: true },
  ])('$name', async ({ repository, takes, isAtEnd }) => {
    site.storage.write(repository, containerImage({ seed: 'put back/ours' }), 'doomed', 'kept')
    const abort = new AbortController()
    const { signal } = abort
    const ofRun = await journalOf(shelfOf(site), repository, 'run', { signal })
    const journal = new SampleRecord({ bindings, digests: [] }).recorded(ofRun)
    const { hands } = site.hands(repository, { signal, journal })
    const saved = { kind: 'manifest', ...OURS, bytes: Buffer.from(OURS.bytes) } as const
    const intent = await begin(hands, { action: 'untag', bindings }, [saved])
    const work = async ({ audit, guard }: Hands) => {
      for (const reference of takes) {
        await hands.delete.deleteManifest(repository, reference, { signal, audit, guard })
      }
      abort.abort(stop)
      if (isAtEnd) return { ended: [], left: new Set<string>() }
      throw stop
    }
    const before = { all: ['doomed', 'kept'], bindings, digestOf: () => OURS.digest }
    await expect(carryOut(hands, intent, before, work)).rejects.toMatchObject({
      code: 'DELETE_TOOK_TAG',
      details: { lost: 1, putBack: 1 },
    })
    expect(await site.tags(repository)).toEqual({ kept: OURS.digest })
    const records: JournalRecord[] = []
    for await (const record of (await journalOf(shelfOf(site), repository, 'run', {})).read()) {
      records.push(record)
    }
    const restored = expect.objectContaining({ kind: 'restored', tag: 'kept', digest: OURS.digest })
    expect(records).toEqual([expect.objectContaining({ kind: 'manifest' }), intent, restored])
  })
})

test('S43: where the registry is away not every one is tried, and where another process leads none is written', async () => {
  const hands = world('away')
  const away = new TallymanError('REGISTRY_TIMEOUT', 'no answer')
  const asked: string[] = []
  const stops = putBackLost(hands, ['a', 'b', 'c', 'd', 'e'], async (tag) => {
    asked.push(tag)
    throw away
  })
  await expect(stops).rejects.toMatchObject({
    code: 'DELETE_TOOK_TAG',
    message: expect.stringMatching(/; put back: none; not put back: a, b, c, d, e \(no answer\)$/),
    cause: away,
  })
  expect(asked).toEqual(['a', 'b', 'c'])
  const lost = new TallymanError('LEADERSHIP_LOST', 'another one leads')
  const fence = () => {
    throw lost
  }
  await expect(putBackLost({ ...hands, fence }, ['a'], async () => OURS)).rejects.toBe(lost)
})

test('S43: where the journal is away every one is put back, and not for every one it is asked', async () => {
  const hands = world('unrecorded')
  const away = new TallymanError('REGISTRY_TIMEOUT', 'no answer')
  const tried: JournalRecord[] = []
  class AwayJournal extends MemoryJournal {
    override async append(records: readonly JournalRecord[]): Promise<void> {
      tried.push(...records)
      throw away
    }
  }
  const tags = ['a', 'b', 'c', 'd', 'e']
  const stops = putBackLost({ ...hands, journal: new AwayJournal() }, tags, async () => OURS)
  await expect(stops).rejects.toMatchObject({
    code: 'DELETE_TOOK_TAG',
    message: expect.stringMatching(/; put back: a, b, c, d, e$/),
    cause: away,
  })
  expect(tried).toMatchObject([{ tag: 'a' }, { tag: 'b' }, { tag: 'c' }])
  expect(Object.keys(await site.tags('unrecorded'))).toEqual([...tags, 'theirs'])
})

test('S16: a tag that names nothing for another reason is not taken for one that we took', async () => {
  const hands = world('dangling')
  const other = containerImage({ seed: 'put back/never there' })
  site.storage.tag('dangling', other.manifest.digest, 'other')
  site.storage.tag('dangling', OURS.digest, 'ours')
  expect((await revive(hands, ['other', 'ours'], OURS))?.tags).toEqual(['ours'])
  expect(await revive(hands, ['other'], OURS)).toBeUndefined()
  expect(await revive(hands, [], OURS)).toBeUndefined()
})
