import { expect, test } from 'vitest'
import { systemClock } from '#time/clock.ts'
import type { JournalRecord, Step } from './journal.ts'
import { MemoryJournal } from './journal.ts'
import { openSample, SampleRecord } from './sample-record.ts'

const image = (tag: string | undefined, digest: string) => ({ tag, digest })
const sample = (at: number, ...images: readonly ReturnType<typeof image>[]): JournalRecord => ({
  kind: 'sample',
  at,
  images,
})

const intent = (id: string, step: Step): JournalRecord => ({ kind: 'intent', id, at: 2, step })

async function openAfter(...records: readonly JournalRecord[]) {
  const journal = new MemoryJournal()
  await journal.append(records)
  return await openSample(journal)
}

test('S44: what was whole counts until it was looked at again, as it was seen first', async () => {
  const [v1, moved, untagged] = [
    image('v1', 'sha256:a'),
    image('v1', 'sha256:b'),
    image(undefined, 'sha256:c'),
  ]
  expect(await openAfter()).toBeUndefined()
  expect(await openAfter({ kind: 'restored', at: 1, tag: 'v1', digest: 'sha256:a' })).toBeUndefined()
  expect(await openAfter(sample(1, v1), sample(2, moved, untagged))).toEqual({ at: 1, whole: [v1, untagged] })
  expect(await openAfter(sample(1, v1), { kind: 'verified', at: 2 })).toBeUndefined()
  const again = await openAfter(sample(1, v1), { kind: 'verified', at: 2 }, sample(3, untagged))
  expect(again).toEqual({ at: 3, whole: [untagged] })
})

test('S44: what a later call takes away is no harm, and the rest counts until somebody has looked at it, also where that call takes no sample', async () => {
  const [stays, byTag, byDigest] = [
    image('stays', 'sha256:a'),
    image('v1', 'sha256:b'),
    image(undefined, 'sha256:c'),
  ]
  const seen = sample(1, stays, byTag, byDigest)
  const bindings = [{ tag: 'v1', digest: 'sha256:d' }]
  const digests = ['sha256:a', 'sha256:c']
  const left = { at: 1, whole: [stays] }

  const journal = new MemoryJournal()
  await journal.append([seen])
  const record = new SampleRecord({ bindings, digests })
  expect(await record.before(async () => ({ journal }))).toEqual(left)
  record.looked(true)
  expect(await record.before(async () => ({ journal }))).toBeUndefined()
  await record.conclude(async () => ({ journal, clock: systemClock }))
  expect(await openSample(journal)).toBeUndefined()

  // A call after that, to which nothing of it is left to do.
  const untag = intent('1', { action: 'untag', bindings })
  expect(await openAfter(seen, untag, intent('2', { action: 'sweep', digests }))).toEqual(left)
})

test('S44: it stays open while what was sent may still work in the registry, however whole all was', async () => {
  const stays = image('stays', 'sha256:a')
  const journal = new MemoryJournal()
  await journal.append([sample(1, stays), intent('1', { action: 'sweep', digests: ['sha256:b'] })])
  const reach = async () => ({ journal, clock: systemClock })
  const record = new SampleRecord({ bindings: [], digests: ['sha256:b'] })
  await record.before(reach)
  record.looked(true)
  await record.conclude(reach)
  expect(await openSample(journal)).toEqual({ at: 1, whole: [stays] })
  await journal.append([{ kind: 'outcome', intent: '1', at: 3, ended: [] }])
  await record.conclude(reach)
  expect(await openSample(journal)).toBeUndefined()
})
