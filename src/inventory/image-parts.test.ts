import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joinParts, partText, referenceOfMap } from '#inventory/image-parts.ts'
import { formatReference, parseReference } from '#inventory/reference.ts'

const SHA = `sha256:${'a'.repeat(64)}`
const NONE = { registry: '', repository: '', tag: '', digest: '' }

describe('joinParts', () => {
  test.each([
    [{ repository: 'team/app' }, 'team/app'],
    [{ repository: 'team/app', tag: 'v1' }, 'team/app:v1'],
    [{ repository: 'team/app', digest: SHA }, `team/app@${SHA}`],
    [{ repository: 'team/app', tag: 'v1', digest: SHA }, `team/app:v1@${SHA}`],
    [{ registry: 'r.example:5000', repository: 'team/app', tag: 'v1' }, 'r.example:5000/team/app:v1'],
    [{ registry: 'r.example/', repository: '/team/app' }, 'r.example/team/app'],
    [{ registry: 'r.example//', repository: 'team/app' }, 'r.example/team/app'],
    [{ registry: 'r.example/proxy', repository: 'team/app' }, 'r.example/proxy/team/app'],
    [{ registry: '/', repository: 'team/app' }, 'team/app'],
    [{ repository: 'team/app', tag: ':v1', digest: `@${SHA}` }, `team/app:v1@${SHA}`],
    [{ repository: 'team/app', tag: `@${SHA}` }, `team/app@${SHA}`],
    [{ repository: 'team/app:v1' }, 'team/app:v1'],
  ])('makes of %j %s', (parts, text) => {
    expect(joinParts({ ...NONE, ...parts })).toBe(text)
  })

  test('makes nothing of parts without a repository', () => {
    expect(joinParts({ ...NONE, registry: 'r.example', tag: 'v1', digest: SHA })).toBeUndefined()
    expect(joinParts({ ...NONE, repository: '/' })).toBeUndefined()
  })

  test('ends soon on a registry of nothing but slashes', () => {
    expect(joinParts({ ...NONE, registry: `${'/'.repeat(100_000)}x`, repository: 'a' })).toHaveLength(100_003)
  })

  test('puts together what any reference was taken apart into', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    const repository = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('/'))
    const tag = fc.stringMatching(/^\w[\w.-]{0,20}$/)
    const slashes = fc.stringMatching(/^\/{0,2}$/)
    fc.assert(
      fc.property(word, repository, tag, slashes, slashes, (host, path, name, behind, before) => {
        const parts = {
          registry: `${host}.example${behind}`,
          repository: before + path,
          tag: name,
          digest: '',
        }
        const reference = parseReference(joinParts(parts) ?? '')
        expect(reference && formatReference(reference)).toBe(`${host}.example/${path}:${name}`)
      }),
    )
  })
})

test('a part is a text or a number', () => {
  expect([1.27, 2024, ' v1 ', true, null, undefined, {}, ['v1']].map(partText)).toEqual([
    '1.27',
    '2024',
    'v1',
    '',
    '',
    '',
    '',
    '',
  ])
})

test('a map spells a reference by its repository or as a whole', () => {
  expect(referenceOfMap({ registry: 'r.example', repository: 'app', tag: 1 })).toBe('r.example/app:1')
  expect(referenceOfMap({ repository: 'app', tag: null, pullPolicy: 'Always' })).toBe('app')
  expect(referenceOfMap({ reference: 'r.example/models:1', pullPolicy: 'Always' })).toBe('r.example/models:1')
  expect(referenceOfMap({ repository: 1, tag: 'v1' })).toBeUndefined()
  expect(referenceOfMap({})).toBeUndefined()
})
