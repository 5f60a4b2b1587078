import { describe, expect, test } from 'vitest'
import { unrecordedHarm } from '#controllers/unrecorded-harm.ts'
import type { Returned } from '#evict/evicted.ts'

const RUN = { id: 'main-20261126t030000-3f9a' }
const back = (at: number, more: Partial<Returned> = {}): Returned => ({
  ...{ run: RUN.id, repository: 'shop/cart', tag: 'v1', digest: 'sha256:a', at, isHarm: true },
  ...more,
})

describe('S04: what a run put back that it had harmed', () => {
  test('holds the policy where the process died before it recorded that', () => {
    expect(unrecordedHarm([back(5), back(7, { tag: 'v2' }), back(6)], RUN, undefined)).toEqual({
      since: 7,
      because: `Run ${RUN.id} had to put back shop/cart:v2, which was to stay`,
    })
    expect(unrecordedHarm([back(7)], RUN, { since: 6, because: 'before' })).toMatchObject({ since: 7 })
  })

  test.each([
    ['it is recorded', [back(5)], RUN, { since: 6, because: 'it was' }],
    ['the run is over', [back(5)], undefined, undefined],
    ['another run did it', [back(5, { run: 'other' })], RUN, undefined],
    ['it was brought back on purpose', [back(5, { isHarm: undefined })], RUN, undefined],
    ['nothing was', [], RUN, undefined],
  ] as const)('says nothing where %s', (_, returned, run, hold) => {
    expect(unrecordedHarm(returned, run, hold)).toBeUndefined()
  })
})
