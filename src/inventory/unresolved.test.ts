import { describe, expect, test } from 'vitest'
import type { RegistryNames } from '#inventory/locate.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import { LARGEST_UNRESOLVED_SHARE, resolution, unresolvedText } from '#inventory/unresolved.ts'
import { imageUse } from '#test/harness/image-use.ts'

const NAMES: RegistryNames = { host: 'r.example', aliases: [{ host: 'old.example' }] }
const resolved = (images: readonly ImageUse[], missing: readonly string[] = []) =>
  resolution(images, NAMES, ({ repository }) => !missing.includes(repository))

describe('S06: the share of images in use that a registry does not have', () => {
  test('counts each image once, under whatever name', () => {
    const images = ['r.example/a:1', 'old.example/a:1', 'r.example/a:2', 'r.example/b:1', 'old.example/c:1']
    expect(
      resolved(
        images.map((image) => imageUse(image)),
        ['b', 'c'],
      ),
    ).toEqual({
      resolved: 2,
      unresolved: 2,
      unresolvedShare: 0.5,
      examples: ['r.example/b:1', 'old.example/c:1'],
    })
  })

  test('leaves out what is no image of the registry', () => {
    const images = [
      imageUse('other.example/b:1'),
      imageUse('https://r.example/b:1'),
      imageUse('r.example/a:1'),
    ]
    expect(resolved(images, ['b'])).toMatchObject({ resolved: 1, unresolved: 0 })
  })

  test('leaves out what no node would pull', () => {
    const images = [
      imageUse('r.example/b:1', { kinds: ['history', 'helm', 'node'] }),
      imageUse('r.example/b:2', { neverPulled: true }),
      imageUse('r.example/b:3', { kinds: ['template'] }),
    ]
    expect(resolved(images, ['b'])).toMatchObject({ resolved: 0, unresolved: 1, unresolvedShare: 1 })
  })

  test('is told with the first that are missing, and what to do', () => {
    expect(unresolvedText(resolved([imageUse('r.example/a:1'), imageUse('r.example/b:1')], ['b']))).toBe(
      '1 of 2 images in use is not in the registry, more than 5 %: r.example/b:1. Push what is missing or bring it back (tallyman restore), or end what names it; where it is there, the Registry lacks that name (spec.aliases) or has a wrong spec.url',
    )
    const many = ['1', '2', '3', '4', '5'].map((tag) => imageUse(`r.example/b:${tag}`))
    expect(unresolvedText(resolved(many, ['b']))).toContain(
      '5 of 5 images in use are not in the registry, more than 5 %: r.example/b:1, r.example/b:2, r.example/b:3 and 2 more. ',
    )
  })

  test('is none where nothing is used, which is the floor’s to judge', () => {
    expect(resolved([])).toEqual({ resolved: 0, unresolved: 0, unresolvedShare: 0, examples: [] })
    expect(LARGEST_UNRESOLVED_SHARE).toBe(0.05)
  })
})
