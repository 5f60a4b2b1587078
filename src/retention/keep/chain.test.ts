import { describe, expect, test } from 'vitest'
import type { ManifestFacts } from '#retention/facts.ts'
import type { KeepCriteria, WhenUnused } from '#retention/rules.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { codes, HOST, judged, NEWEST } from '#test/harness/judging.ts'
import { artifactFacts, imageFacts, repositoryFacts } from '#test/harness/registry-facts.ts'

const [a, b, c] = ['a', 'b', 'c'].map((name, at) => imageFacts(name, 10 + at)) as [
  ...[ManifestFacts, ManifestFacts, ManifestFacts],
]
const signature = artifactFacts('signature', 'application/spdx+json')
const signs = ({ digest }: ManifestFacts) => `${digest.replace(':', '-')}.sig`

/** What is said of three builds, of which the oldest is signed. Somebody uses an image that is not there, unless told otherwise. */
function saidBy(keep: KeepCriteria, whenUnused: WhenUnused = 'Evict', isUsed = true) {
  const tags = { 'v1.2.0': a, 'v1.1.0': b, 'v1.0.0': c, [signs(c)]: signature }
  const said = codes(
    judged({
      ...{ repositories: [repositoryFacts('app', tags)], manifests: [a, b, c, signature] },
      used: isUsed ? [imageUse(`${HOST}/app:gone`)] : [],
      rules: [{ ...NEWEST, keep, whenUnused }],
    }),
  )
  return ['v1.2.0', 'v1.1.0', 'v1.0.0', signs(c)].map((tag) => said[`app:${tag}`])
}

describe('S08, S13: each line of keep is enough by itself', () => {
  test('for everything, and for what tags are called, whatever they name', () => {
    expect(saidBy({ all: true })).toEqual(Array(4).fill('keep KeepAll'))
    expect(saidBy({ tags: ['v1.0.*'] })).toEqual([
      ...['evict Superseded', 'evict Superseded', 'keep KeepTag', 'keep BelongsTo'],
    ])
    expect(saidBy({ tags: ['sha256-*'] })).toEqual([
      ...['evict Superseded', 'evict Superseded', 'keep SubjectOf', 'keep KeepTag'],
    ])
  })

  test('for places in an order, versions, and what was built lately', () => {
    const goes = ['evict Superseded', 'evict FollowsSubject']
    expect(saidBy({ newest: 2 })).toEqual(['keep Newest', 'keep Newest', ...goes])
    expect(saidBy({ semver: { newestPerMajor: 2 } })).toEqual(['keep Version', 'keep Version', ...goes])
    expect(saidBy({ youngerThan: '12d' })).toEqual(['keep Young', 'keep Young', ...goes])
  })

  test('for all of what nobody uses, where the rule says so', () => {
    const stays = ['keep Newest', 'keep Unused', 'keep Unused', 'keep BelongsTo']
    expect(saidBy({ newest: 1 }, 'Keep', false)).toEqual(stays)
    expect(saidBy({ newest: 1 }, 'Keep')).toEqual([
      ...['keep Newest', 'evict Superseded', 'evict Superseded', 'evict FollowsSubject'],
    ])
  })
})
