import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { locate, type RegistryNames } from '#inventory/locate.ts'
import { parseReference } from '#inventory/reference.ts'
import { type KnownRegistry, suspectedAliases } from '#inventory/suspected-aliases.ts'
import { imageUse } from '#test/harness/image-use.ts'

const NAMES: RegistryNames = { host: 'r.example', aliases: [{ host: 'old.example' }] }
const MAIN: KnownRegistry = {
  name: 'main',
  names: NAMES,
  repositories: new Set(['team/app', 'team/web', 'mirror/team/app', 'app']),
}

const suspected = (images: readonly string[], registries = [MAIN], limit = 20) =>
  suspectedAliases(
    images.map((image) => imageUse(image)),
    registries,
    limit,
  )

describe('S06: a name under which a registry seems to be used', () => {
  test('is told so that an alias can be written from it, most images first', () => {
    const images = [
      'harbor.corp/proxy/main/team/app:1',
      'harbor.corp/proxy/main/team/app:2',
      'harbor.corp/proxy/main/team/web:1',
      'cache.corp/team/app:1',
    ]
    expect(suspected(images)).toEqual([
      {
        host: 'harbor.corp',
        prefix: 'proxy/main',
        registry: 'main',
        example: 'harbor.corp/proxy/main/team/app:1',
        images: 3,
      },
      { host: 'cache.corp', prefix: '', registry: 'main', example: 'cache.corp/team/app:1', images: 1 },
    ])
  })

  test('is judged by the longest path that the registry has', () => {
    expect(suspected(['cache.corp/x/mirror/team/app:1'])).toMatchObject([{ prefix: 'x' }])
  })

  test('may be one of several registries', () => {
    const second = { ...MAIN, name: 'second', names: { host: 's.example', aliases: [] } }
    expect(suspected(['cache.corp/team/app:1'], [MAIN, second]).map(({ registry }) => registry)).toEqual([
      'main',
      'second',
    ])
    expect(suspected(['s.example/team/app:1'], [MAIN, second])).toEqual([])
  })

  test.each([
    ['the registry’s own names', 'old.example/x/team/app:1'],
    ['a path of one segment', 'cache.corp/app:1'],
    ['a part of a segment', 'cache.corp/my-team/app:1'],
    ['a path that goes on', 'cache.corp/team/app/sub:1'],
    ['what is no reference', 'https://cache.corp/team/app:1'],
  ])('is not suspected by %s', (_what, image) => {
    expect(suspected([image])).toEqual([])
  })

  test('is one of so many at most', () => {
    const images = Array.from({ length: 50 }, (_, index) => `h${index}.example/team/app:1`)
    expect(suspected(images)).toHaveLength(20)
    expect(suspected(images, [MAIN], 5).map(({ host }) => host)).toEqual(
      images
        .map((image) => image.split('/')[0])
        .toSorted()
        .slice(0, 5),
    )
  })

  test('makes, as an alias, the images those of the registry', () => {
    const path = (minLength: number) =>
      fc.array(fc.constantFrom('a', 'b', 'c'), { minLength, maxLength: 3 }).map((parts) => parts.join('/'))
    fc.assert(
      fc.property(fc.uniqueArray(path(2), { minLength: 1 }), path(0), (repositories, prefix) => {
        const registry = { ...MAIN, repositories: new Set(repositories) }
        const images = repositories.map((each) =>
          ['cache.corp', prefix, each].filter((part) => part !== '').join('/'),
        )
        for (const { host, prefix: found, example } of suspected(images, [registry])) {
          const names = { ...NAMES, aliases: [{ host, prefix: found }] }
          const reference = parseReference(example)
          const located = reference && locate(reference, names)
          expect(registry.repositories).toContain(located?.repository)
        }
        expect(suspected(images, [registry]).reduce((sum, each) => sum + each.images, 0)).toBe(images.length)
      }),
    )
  })
})
