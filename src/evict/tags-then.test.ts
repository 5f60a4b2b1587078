import { expect, test } from 'vitest'
import type { Intent, TagChanges } from './journal.ts'
import { MemoryJournal } from './journal.ts'
import { TagRecord, tagsThen } from './tags-then.ts'

function intent(id: string, tags: TagChanges | undefined): Intent {
  return { kind: 'intent', id, at: 0, step: { action: 'sweep', digests: ['sha256:1'], tags } }
}

test('S37: a journal says of each step which tags there were before it, as others pushed and removed some', async () => {
  const journal = new MemoryJournal()
  const record = new TagRecord()
  await journal.append([intent('a', record.changesTo(['one', 'two']))])
  await journal.append([intent('b', record.changesTo(['two', 'three']))])
  await journal.append([intent('c', record.changesTo(['three', 'two']))])
  // Another process, later.
  await journal.append([intent('d', new TagRecord().changesTo(['four']))])
  const then = async (id: string) => [...((await tagsThen(journal, id))?.tags ?? [])]
  expect(await then('a')).toEqual(['one', 'two'])
  expect(await then('b')).toEqual(['two', 'three'])
  expect(await then('c')).toEqual(['two', 'three'])
  expect(await then('d')).toEqual(['four'])
})

test('what was brought back since a step is known, and nothing where no tags were recorded', async () => {
  const journal = new MemoryJournal()
  const back = (digest: string) => ({ kind: 'restored', at: 0, digest }) as const
  await journal.append([intent('old', undefined), back('sha256:1')])
  expect(await tagsThen(journal, 'old')).toBeUndefined()
  await journal.append([intent('new', new TagRecord().changesTo(['one'])), back('sha256:2')])
  expect((await tagsThen(journal, 'new'))?.returned).toEqual(new Set(['sha256:2']))
})

test('S37, S47: what a new index needs and is written again says nothing about tags', async () => {
  const journal = new MemoryJournal()
  const digest = 'sha256:1'
  await journal.append([intent('a', new TagRecord().changesTo(['one']))])
  await journal.append([{ kind: 'restored', at: 0, digest, isNeeded: true }])
  expect((await tagsThen(journal, 'a'))?.returned).toEqual(new Set())
})

test('names that are too many to be recorded are not', () => {
  const record = new TagRecord()
  const many = Array.from({ length: 40_000 }, (_, n) => `${n}`.padStart(128, 'x'))
  expect(record.changesTo(many)).toBeUndefined()
  expect(record.changesTo(['one'])).toEqual({ whole: true, came: ['one'], went: [] })
})
