import { expect, test } from 'vitest'
import { doubtReturned } from './unknown-returns.ts'

const repository = (name: string, incomplete?: string) => ({ name, incomplete, tags: [], untagged: [] })
const facts = {
  ...{ readAt: 0, incomplete: undefined, manifests: new Map(), referrers: new Map() },
  repositories: [repository('app'), repository('base', 'cut off'), repository('web')],
}

test('S12, S34: a repository of which nobody knows what was brought back is incomplete, and no other one', () => {
  const { repositories } = doubtReturned(
    facts,
    new Map([
      ['app', 'JOURNAL_LOST: run.restored'],
      ['base', 'JOURNAL_LOST: run.restored'],
      ['gone', 'JOURNAL_LOST: run.restored'],
    ]),
  )
  expect(repositories).toEqual([
    repository(
      'app',
      'what was brought back of it, and has to stay, is not known: JOURNAL_LOST: run.restored',
    ),
    repository('base', 'cut off'),
    repository('web'),
  ])
})

test('nothing is doubted where all is known, or nobody has asked', () => {
  expect(doubtReturned(facts, new Map())).toBe(facts)
  expect(doubtReturned(facts, undefined)).toBe(facts)
})
