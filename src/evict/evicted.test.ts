import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Evicted, evictedKey, type Returned, stillEvicted } from './evicted.ts'

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

/** The obvious way: what went last of each kind, unless it came back since. */
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
            (each.tag === undefined ? back.digest === each.digest : back.tag === each.tag),
        ),
    )
    .sort((a, b) => b.at - a.at)
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
})
