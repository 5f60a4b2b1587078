import { describe, expect, test } from 'vitest'
import { atOnce } from '#inventory/at-once.ts'
import { comeAgain, type TakenAway } from '#retention/come-again.ts'
import { imageFacts, repositoryFacts } from '#test/harness/registry-facts.ts'

const [a, b] = [imageFacts('a', 1), imageFacts('b', 2)]
const FACTS = {
  repositories: [repositoryFacts('app', { v1: a, v2: b }), repositoryFacts('other', { v1: b })],
}
const took = (repository: string, tag: string | undefined, digest: string, at = 10): TakenAway => ({
  ...{ repository, tag, digest, at },
})
const found = (...taken: TakenAway[]) => atOnce(comeAgain(FACTS, taken))

describe('what a policy took away and is listed again', () => {
  test('is known by what it named, with when it went last', () => {
    const taken = [
      took('app', 'v1', a.digest, 20),
      took('app', 'v1', a.digest),
      took('other', 'v1', b.digest),
    ]
    expect(found(...taken)).toEqual(
      new Map([
        ['app', new Map([['v1', 20]])],
        ['other', new Map([['v1', 10]])],
      ]),
    )
  })

  test.each([
    ['a tag that names something else by now', took('app', 'v2', a.digest)],
    ['a tag that is not there', took('app', 'v3', a.digest)],
    ['a manifest by its digest', took('app', undefined, a.digest)],
    ['a repository that is not listed', took('gone', 'v1', a.digest)],
  ])('is not %s', (_, taken) => {
    expect(found(taken)).toEqual(new Map())
  })

  test('may be what could not be read', () => {
    const [app] = FACTS.repositories
    const tags = (app?.tags ?? []).map((tag) => ({ ...tag, digest: undefined }))
    const facts = { repositories: [{ ...repositoryFacts('app', {}), tags }] }
    expect(atOnce(comeAgain(facts, [took('app', 'v1', a.digest)]))).toEqual(
      new Map([['app', new Map([['v1', 10]])]]),
    )
  })
})
