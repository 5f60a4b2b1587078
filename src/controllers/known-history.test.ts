import { expect, test } from 'vitest'
import type { Evicted } from '#evict/evicted.ts'
import { EvictedThings } from '#evict/evicted-things.ts'
import { type KnownHistory, NOTHING_KNOWN, withoutRuns, withRun } from './known-history.ts'

const thing = (run: string, repository: string, tag: string): Evicted => ({
  ...{ run, repository, tag, at: 1 },
  digest: `sha256:${'0'.repeat(64)}`,
})
const went = (...things: readonly Evicted[]): KnownHistory => ({
  ...NOTHING_KNOWN,
  went: new EvictedThings(things),
})
const names = (history: KnownHistory): string[] =>
  [...history.went].map(({ run, repository, tag }) => `${run} ${repository}:${tag}`).sort()

test('what journals tell of a run takes the place of what was known of it', () => {
  const known = went(thing('run', 'a', 'old'), thing('other', 'a', 'x'))
  expect(names(withRun(known, 'run', went(thing('run', 'a', 'new'))))).toEqual(['other a:x', 'run a:new'])
})

test('S34: what was known by a journal that is lost is known until it is back, however often it is looked for', () => {
  const known: KnownHistory = {
    ...went(thing('run', 'a', 'seen'), thing('run', 'b', 'old'), thing('other', 'a', 'x')),
    returned: [{ run: 'run', repository: 'a', digest: 'd', at: 1 }],
  }
  const lost: KnownHistory = {
    ...went(thing('run', 'b', 'new')),
    unsettled: [{ repository: 'a', run: 'run', isLost: true }],
  }
  const once = withRun(known, 'run', lost)
  const twice = withRun(once, 'run', lost)
  expect(names(once)).toEqual(['other a:x', 'run a:seen', 'run b:new'])
  expect(names(twice)).toEqual(names(once))
  expect(twice).toMatchObject({ returned: known.returned, unsettled: lost.unsettled })
  const back = withRun(twice, 'run', went(thing('run', 'a', 'seen')))
  expect(names(back)).toEqual(['other a:x', 'run a:seen'])
  expect(back).toMatchObject({ returned: [], unsettled: [] })
})

test('S34: so is what the rest of one does not tell of which a part is gone', () => {
  const back = { run: 'run', repository: 'a', digest: 'd', at: 1 }
  const known: KnownHistory = {
    ...went(thing('run', 'a', 'first'), thing('run', 'a', 'second'), thing('run', 'b', 'x')),
    returned: [back],
  }
  const lost: KnownHistory = {
    ...went(thing('run', 'a', 'second'), thing('run', 'b', 'x')),
    ...{ returned: [back], unsettled: [{ repository: 'a', run: 'run', isLost: true }] },
  }
  const now = withRun(known, 'run', lost)
  expect(names(now)).toEqual(['run a:first', 'run a:second', 'run b:x'])
  expect(now.returned).toEqual([back])
})

test('S12: that it is not known what was brought back of a repository stays known until somebody asks again', () => {
  const unknownReturns = new Map([['a', 'JOURNAL_LOST']])
  const known: KnownHistory = { ...went(thing('run', 'a', 'x')), unknownReturns }
  expect(withRun(known, 'run', went())).toMatchObject({ unknownReturns })
  expect(withoutRuns(known, new Set(['run']))).toMatchObject({ unknownReturns })
})
