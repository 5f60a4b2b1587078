import { describe, expect, test } from 'vitest'
import { isPlaceless, liesIn, parseRegistryFilter } from '#commands/registry-filter.ts'
import { imageUse } from '#test/harness/image-use.ts'

const lies = (image: string, where: string) => {
  const filter = parseRegistryFilter(where)
  return filter !== undefined && liesIn(filter, imageUse(image))
}

describe('an image of a registry', () => {
  test.each([
    ['registry.local/team/app:1', 'registry.local'],
    ['registry.local/team/app:1', 'registry.local/'],
    ['registry.local/team/app:1', 'registry.local/team'],
    ['registry.local/team/app:1', 'registry.local/team/app/'],
    ['registry.local:443/team/app', 'Registry.Local'],
    ['registry.local:5000/app', 'registry.local:5000'],
    ['[::1]:5000/app', '[0:0::1]:5000'],
    ['nginx', 'docker.io'],
    ['nginx', 'index.docker.io/library'],
    ['https://registry.local/Team/App', 'registry.local'],
    ['registry.local/team/app:not a tag', 'registry.local/team'],
  ])('%s lies in %s', (image, where) => {
    expect(lies(image, where)).toBe(true)
  })

  test.each([
    ['registry.local/team/app:1', 'registry.local/tea'],
    ['registry.local/team/app:1', 'registry.local/app'],
    ['registry.local/team/app:1', 'registry.local:5000'],
    ['registry.local/team/app:1', 'other.local'],
    ['registry.local/nginx', 'docker.io'],
  ])('%s does not lie in %s', (image, where) => {
    expect(lies(image, where)).toBe(false)
  })

  test.each(['', '/', 'https://registry.local', 'registry.local/Team', 'registry.local//a', 'a b'])(
    '%j names none',
    (text) => {
      expect(parseRegistryFilter(text)).toBeUndefined()
    },
  )
})

test('a text of which no registry can be made out lies nowhere', () => {
  expect(isPlaceless(imageUse('{{ image }}'))).toBe(true)
  expect(isPlaceless(imageUse('registry.local/Team/App'))).toBe(false)
  expect(isPlaceless(imageUse('nginx'))).toBe(false)
})
