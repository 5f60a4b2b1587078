import { expect, test } from 'vitest'
import type { JournalRecord } from './journal.ts'
import { MemoryJournal } from './journal.ts'
import { openSample } from './sample-record.ts'

const image = (tag: string | undefined, digest: string) => ({ tag, digest })
const sample = (at: number, ...images: readonly ReturnType<typeof image>[]): JournalRecord => ({
  kind: 'sample',
  at,
  images,
})

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
