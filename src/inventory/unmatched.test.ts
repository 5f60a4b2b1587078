import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RegistryNames } from '#inventory/locate.ts'
import { unmatchedImages } from '#inventory/unmatched.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'

const MAIN: RegistryNames = { host: 'registry.example', aliases: [] }
const MIRROR: RegistryNames = { host: 'mirror.example', aliases: [{ host: 'old.example' }] }

function unmatched(images: readonly string[], ...registries: RegistryNames[]) {
  return unmatchedImages(snapshotOf(images.map((image) => imageUse(image))), registries)
}

describe('S22: images in use that no registry answers for', () => {
  test('are counted by host, most first', () => {
    const images = ['registry.example/a', 'old.example/a', 'x.example/a', 'nginx', 'redis', 'b.example/a']
    expect(unmatched(images, MAIN, MIRROR)).toEqual({
      images: 4,
      hosts: [
        { host: 'docker.io', images: 2 },
        { host: 'b.example', images: 1 },
        { host: 'x.example', images: 1 },
      ],
      unparsable: 0,
    })
  })

  test('are all, where there is no registry', () => {
    expect(unmatched(['registry.example/a', 'nginx'])).toMatchObject({ images: 2 })
  })

  test('are none, where all have one', () => {
    expect(unmatched(['registry.example/a', 'mirror.example/a'], MAIN, MIRROR)).toEqual({
      images: 0,
      hosts: [],
      unparsable: 0,
    })
  })

  test('are told apart from what is no reference', () => {
    expect(unmatched(['UPPER CASE', 'registry.example/a:b:c', 'nginx'], MAIN)).toMatchObject({
      images: 1,
      unparsable: 2,
    })
  })

  test('add up, in whatever order they come', () => {
    const host = fc.constantFrom('registry.example', 'a.example', 'b.example', 'c.example', '!')
    const hosts = fc
      .array(host)
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })))
    fc.assert(
      fc.property(hosts, ([all, other]) => {
        const images = (some: readonly string[]) => some.map((each) => `${each}/app`)
        const found = unmatched(images(all), MAIN)
        expect(found.images).toBe(all.filter((each) => /^[abc]\./.test(each)).length)
        expect(found.unparsable).toBe(all.filter((each) => each === '!').length)
        expect(found.hosts.reduce((sum, each) => sum + each.images, 0)).toBe(found.images)
        expect(unmatched(images(other), MAIN)).toEqual(found)
      }),
    )
  })
})
