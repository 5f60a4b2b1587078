import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Evicted, type Returned, stillEvicted } from './evicted.ts'
import { evictedKey } from './evicted-key.ts'

const thing = fc.record({
  repository: fc.constantFrom('shop/app', 'shop/web'),
  run: fc.constantFrom('run-1', 'run-2'),
  tag: fc.option(fc.constantFrom('v1', 'v2'), { nil: undefined }),
  digest: fc.constantFrom('sha256:a', 'sha256:b', 'sha256:c'),
})

/** Things that went and came back one after the other, as a clock would date them. */
const past = fc.array(fc.record({ thing, isBack: fc.boolean() }), { maxLength: 30 }).map((steps) => {
  const went: Evicted[] = []
  const returned: Returned[] = []
  steps.forEach(({ thing: each, isBack }, at) => {
    if (isBack) returned.push({ ...each, at })
    else went.push({ ...each, at })
  })
  return { went, returned }
})

/** The obvious way: what went last of each kind, unless it came back since, and for good. */
function reference({
  went,
  returned,
}: {
  went: readonly Evicted[]
  returned: readonly Returned[]
}): Evicted[] {
  return went
    .filter(
      (each) =>
        !went.some((later) => later.at > each.at && evictedKey(later) === evictedKey(each)) &&
        !returned.some(
          (back) =>
            back.at >= each.at &&
            back.repository === each.repository &&
            (each.tag === undefined
              ? back.digest === each.digest
              : back.tag === each.tag && !isTakenAlong(each)),
        ),
    )
    .sort((a, b) => b.at - a.at)

  /** Whether it was the last return of the tag, as that manifest, and a run has taken the manifest since. */
  function isTakenAlong(each: Evicted): boolean {
    const { repository, digest } = each
    const last = returned.findLast((it) => it.repository === repository && it.tag === each.tag)
    const isSame = last?.digest === digest
    const isSwept = went.some(
      (it) =>
        it.tag === undefined &&
        it.repository === repository &&
        it.digest === digest &&
        it.at > (last?.at ?? 0),
    )
    return isSame && isSwept
  }
}

describe('what is still evicted', () => {
  test('is what went last and did not come back since, newest first', () => {
    fc.assert(
      fc.property(past, (each) => {
        expect(stillEvicted(each)).toEqual(reference(each))
      }),
    )
  })

  test('does not depend on the order in which journals are read', () => {
    fc.assert(
      fc.property(past, ({ went, returned }) => {
        expect(stillEvicted({ went: went.toReversed(), returned: returned.toReversed() })).toEqual(
          stillEvicted({ went, returned }),
        )
      }),
    )
  })

  test('S04: a tag that came back while its manifest was about to go is gone again with that', () => {
    const of = { run: 'run-1', repository: 'shop/app', digest: 'sha256:a' }
    const went = [
      { ...of, tag: 'v1', at: 1 },
      { ...of, at: 3 },
    ]
    const still = (back: Partial<Returned> & { readonly at: number }) =>
      stillEvicted({ went, returned: [{ ...of, tag: 'v1', ...back }] }).map(({ tag }) => tag ?? 'manifest')
    expect(still({ at: 2 })).toEqual(['manifest', 'v1'])
    // It came back after both, or as something else.
    expect(still({ at: 3 })).toEqual([])
    expect(still({ at: 2, digest: 'sha256:b' })).toEqual(['manifest'])
    // By whichever run the one or the other went.
    expect(still({ at: 2, run: 'run-2' })).toEqual(['manifest', 'v1'])
  })
})
