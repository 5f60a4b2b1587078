import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keptImages } from '#inventory/keep-annotation.ts'

describe('the keep annotation', () => {
  test.each<[string, string[]]>([
    ['', []],
    [' , ,\n', []],
    ['nginx', ['nginx']],
    ['a:1,b:2', ['a:1', 'b:2']],
    ['a:1, b:2 c:3\nd:4\r\n\te:5', ['a:1', 'b:2', 'c:3', 'd:4', 'e:5']],
    ['a:1 a:1', ['a:1']],
    ['not//legal', ['not//legal']],
  ])('%j names %j', (annotation, images) => {
    expect(keptImages(annotation)).toEqual(images)
  })

  test('names every image, however they are separated', () => {
    const image = fc.stringMatching(/^[a-z]{1,5}(:[0-9])?$/)
    const separator = fc.stringMatching(/^[\s,]{1,3}$/)
    fc.assert(
      fc.property(fc.array(image), separator, separator, separator, (images, before, between, after) => {
        expect(keptImages(before + images.join(between) + after)).toEqual([...new Set(images)])
      }),
    )
  })
})
