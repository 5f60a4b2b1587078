import { describe, expect, test } from 'vitest'
import { RegistrySpec } from '#crds/registry.ts'
import { registryNames, registryUrl } from '#inventory/registry-names.ts'

const spec = (fields: object) => RegistrySpec.parse(fields)

describe('where a registry answers', () => {
  test.each([
    [{ url: 'https://registry.example' }, 'https://registry.example/'],
    [{ url: 'http://registry.example:5000/team' }, 'http://registry.example:5000/team'],
    [{ serviceRef: { name: 'registry', port: 5000 } }, 'https://registry.apps.svc:5000/'],
    [{ serviceRef: { name: 'registry', port: 80, scheme: 'http' } }, 'http://registry.apps.svc/'],
  ])('by %j', (fields, url) => {
    expect(registryUrl(spec(fields), 'apps').href).toBe(url)
  })

  test.each(['registry.example', 'ftp://registry.example', 'https://', '//registry.example'])(
    'is not said by %j',
    (url) => {
      expect(() => registryUrl(spec({ url }), 'apps')).toThrow(
        `spec.url: ${JSON.stringify(url)} is no URL such as https://registry.example.com`,
      )
    },
  )

  test('is not said by nothing', () => {
    expect(() => registryUrl(spec({}), 'apps')).toThrow('neither url nor serviceRef is set')
  })
})

describe('the names of a registry', () => {
  test('are its host and path, and its aliases', () => {
    const aliases = [{ host: 'old.example', prefix: 'main', replaceWith: 'x' }]
    expect(registryNames(spec({ url: 'https://Registry.example:443/team/', aliases }), 'apps')).toEqual({
      host: 'registry.example',
      pathPrefix: '/team/',
      aliases,
    })
  })
})
