import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { type RegistryNames, spellings } from '#inventory/locate.ts'
import { compilePins, DEFAULT_PINS } from '#inventory/pins.ts'
import { parseReference } from '#inventory/reference.ts'

const SHA = `sha256:${'a'.repeat(64)}`
const MAIN: RegistryNames = {
  host: 'r.example',
  aliases: [{ host: 'harbor.corp:8443', prefix: 'proxy', replaceWith: 'mirror' }, { host: 'docker.io' }],
}

/** The pin that holds `repository:tag` of the registry MAIN. */
function pinOf(
  pins: readonly string[],
  repository: string,
  tag?: string,
  digest?: string,
): string | undefined {
  const names = [repository, ...spellings(repository, MAIN)]
  return compilePins(pins).of(names).pinOf(tag, digest)
}

describe('S07: an image is pinned', () => {
  test.each([
    ['under the host of its registry', 'r.example/mirror/app', 'mirror/app'],
    ['under another name of its registry', 'harbor.corp:8443/proxy/app', 'mirror/app'],
    ['under no host', 'mirror/app', 'mirror/app'],
    ['as an official image', 'nginx', 'library/nginx'],
    ['by a pattern of hosts', '*/mirror/app', 'mirror/app'],
    ['by a pattern of the registry’s own paths', 'mirror/**', 'mirror/app/sub'],
    ['by a pattern of another name’s paths', 'harbor.corp:8443/proxy/**', 'mirror/app'],
    ['in whatever case', 'R.EXAMPLE/Mirror/**', 'mirror/app'],
    ['with the default port', 'r.example:443/mirror/app', 'mirror/app'],
  ])('%s', (_how, pin, repository) => {
    expect(pinOf([pin], repository, 'v1')).toBe(pin)
    expect(pinOf([pin], repository)).toBe(pin)
    expect(pinOf([pin], 'other/app', 'v1')).toBeUndefined()
  })

  test('by the default, if it is the sandbox image that every node needs', () => {
    expect(pinOf(DEFAULT_PINS, 'pause', '3.10')).toBe('**/pause')
    expect(pinOf(DEFAULT_PINS, 'mirror/registry.k8s.io/pause', '3.10')).toBe('**/pause')
    expect(pinOf(DEFAULT_PINS, 'mirror/pauses', '3.10')).toBeUndefined()
  })

  test('by its tag, where the pin has one', () => {
    expect(pinOf(['app:v1'], 'app', 'v1')).toBe('app:v1')
    expect(pinOf(['app:v1'], 'app', 'v1.1')).toBeUndefined()
    expect(pinOf(['app:v1.*'], 'app', 'v1.1')).toBe('app:v1.*')
    expect(pinOf(['**/app:v1*'], 'app', 'v1.1')).toBe('**/app:v1*')
    expect(pinOf(['**/app:v1*'], 'app', 'v2')).toBeUndefined()
    expect(pinOf(['app:v1', 'app:*'], 'app')).toBeUndefined()
  })

  test('by its digest in every repository, and by tag and digest both where a reference has both', () => {
    const pin = `elsewhere.example/app@${SHA}`
    expect(pinOf([pin], 'mirror/app', 'v1', SHA)).toBe(pin)
    expect(pinOf([pin], 'mirror/app', 'v1')).toBeUndefined()
    expect(pinOf([`r.example/app@${SHA}`], 'app', 'v1')).toBeUndefined()
    expect(pinOf([`r.example/app:v1@${SHA}`], 'app', 'v1')).toBe(`r.example/app:v1@${SHA}`)
  })

  test('by whatever reference names it, under any alias', () => {
    const repository = fc
      .array(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join('/'))
    fc.assert(
      fc.property(repository, repository, fc.nat(), (path, prefix, which) => {
        const names = {
          ...MAIN,
          aliases: [...MAIN.aliases, { host: 'x.example', prefix, replaceWith: prefix }],
        }
        const all = spellings(path, names)
        const name = all[which % all.length] ?? ''
        expect(
          compilePins([`${name}:v1`])
            .of(all)
            .pinOf('v1'),
        ).toBe(`${name}:v1`)
        expect(parseReference(name)).toBeDefined()
      }),
    )
  })

  test('soon, however many references are pinned', () => {
    const many = Array.from({ length: 50_000 }, (_, index) => `r.example/app:v${index}`)
    const app = compilePins(many).of(['app', 'r.example/app'])
    expect(app.pinOf('v49999')).toBe('r.example/app:v49999')
    expect(app.pinOf('v50000')).toBeUndefined()
  })
})

test('pins are kept as written, each once', () => {
  expect(compilePins(['b', 'a/*', 'b']).texts).toEqual(['b', 'a/*'])
})

test('a pin that cannot be read is refused', () => {
  const refused = () => compilePins(['a/*', 'https://a'])
  expect(refused).toThrow(TallymanError)
  expect(refused).toThrow('pin "https://a": it is no host/repository and no pattern of one')
})
