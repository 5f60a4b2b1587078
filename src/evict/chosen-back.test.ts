import { expect, test } from 'vitest'
import { withWhatRefersToThem } from './chosen-back.ts'
import type { Evicted } from './evicted.ts'

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`
const went = (repository: string, letter: string, more: Partial<Evicted> = {}): Evicted => ({
  ...{ run: 'run', repository, digest: digestOf(letter), at: 1 },
  ...more,
})
const IMAGE = went('app', 'a', { tag: 'v1' })
const SIGNATURE = went('signatures', 'b', { tag: `${digestOf('a').replace(':', '-')}.sig` })
const ITS_SIGNATURE = went('signatures', 'c', { subject: digestOf('b') })
const OTHER = went('signatures', 'd', { subject: digestOf('e') })

test('S04: a signature in a repository of its own comes with what it belongs to, and what belongs to that', () => {
  const gone = [ITS_SIGNATURE, SIGNATURE, OTHER, IMAGE]
  expect(withWhatRefersToThem([IMAGE], gone)).toEqual([ITS_SIGNATURE, SIGNATURE, IMAGE])
})

test('one that belongs to what went from its own repository comes with that only', () => {
  const own = went('signatures', 'a')
  expect(withWhatRefersToThem([IMAGE], [SIGNATURE, own, IMAGE])).toEqual([IMAGE])
  expect(withWhatRefersToThem([own], [SIGNATURE, own, IMAGE])).toEqual([SIGNATURE, own])
})
