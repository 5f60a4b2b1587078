import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { locate, type RegistryAlias, type RegistryNames, spellings } from '#inventory/locate.ts'
import { parseReference } from '#inventory/reference.ts'

const where = (text: string, names: RegistryNames) => {
  const reference = parseReference(text)
  return reference === undefined ? undefined : locate(reference, names)
}
const MAIN: RegistryNames = { host: 'registry.example.com', aliases: [] }
const with_ = (...aliases: RegistryNames['aliases'][number][]): RegistryNames => ({ ...MAIN, aliases })

describe('locate', () => {
  it('finds what is written under the own host, in any case', () => {
    expect(where('REGISTRY.example.com/a/b:1', MAIN)).toEqual({ repository: 'a/b', tag: '1' })
    expect(where('registry.example.com/a', { ...MAIN, host: 'Registry.Example.COM' })?.repository).toBe('a')
  })

  it('leaves other hosts, ports and suffixes alone', () => {
    expect(where('registry.example.com:5000/a', MAIN)).toBeUndefined()
    expect(where('other.registry.example.com/a', MAIN)).toBeUndefined()
    expect(where('registry.example.com.evil.net/a', MAIN)).toBeUndefined()
  })

  it('replaces the prefix of an alias (S06)', () => {
    const names = with_({ host: 'harbor.corp:8443', prefix: 'proxy/main', replaceWith: 'mirror' })
    expect(where('harbor.corp:8443/proxy/main/team/app:1', names)).toEqual({
      repository: 'mirror/team/app',
      tag: '1',
    })
  })

  it('cuts the prefix off where nothing stands in its place', () => {
    const names = with_({ host: 'harbor.corp', prefix: '/proxy/main/' })
    expect(where('harbor.corp/proxy/main/app', names)?.repository).toBe('app')
  })

  it('matches a prefix on the border of a segment only', () => {
    const names = with_({ host: 'harbor.corp', prefix: 'proxy/main' })
    expect(where('harbor.corp/proxy/mainland/app', names)).toBeUndefined()
    expect(where('harbor.corp/proxy/main', names)).toBeUndefined()
    expect(where('harbor.corp/app', names)).toBeUndefined()
  })

  it('takes the longest prefix, and the own host before an alias of the same length', () => {
    const names = with_(
      { host: 'harbor.corp', replaceWith: 'all' },
      { host: 'harbor.corp', prefix: 'proxy/main', replaceWith: 'main' },
      { host: 'harbor.corp', prefix: 'proxy', replaceWith: 'proxied' },
      { host: 'registry.example.com', replaceWith: 'wrong' },
      { host: 'registry.example.com', prefix: 'old', replaceWith: 'new' },
    )
    expect(where('harbor.corp/proxy/main/app', names)?.repository).toBe('main/app')
    expect(where('harbor.corp/proxy/app', names)?.repository).toBe('proxied/app')
    expect(where('harbor.corp/app', names)?.repository).toBe('all/app')
    expect(where('registry.example.com/app', names)?.repository).toBe('app')
    expect(where('registry.example.com/old/app', names)?.repository).toBe('new/app')
  })

  it('reads repositories below the path of the registry’s URL', () => {
    const names: RegistryNames = { host: 'shared.example.com', pathPrefix: '/team-a/', aliases: [] }
    expect(where('shared.example.com/team-a/app:1', names)).toEqual({ repository: 'app', tag: '1' })
    expect(where('shared.example.com/team-b/app:1', names)).toBeUndefined()
    expect(where('shared.example.com/team-ab/app:1', names)).toBeUndefined()
  })

  it('knows Docker Hub under all its hosts', () => {
    expect(where('nginx', { host: 'registry-1.docker.io', aliases: [] })?.repository).toBe('library/nginx')
    expect(where('nginx', with_({ host: 'docker.io', replaceWith: 'hub' }))?.repository).toBe(
      'hub/library/nginx',
    )
  })

  it('carries tag and digest along', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    expect(where(`registry.example.com/a:1@${digest}`, MAIN)).toEqual({ repository: 'a', tag: '1', digest })
  })

  it('undoes a rewrite: whatever an alias stands for is found under its own name', () => {
    const segment = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'))
    fc.assert(
      fc.property(path, path, path, (prefix, replaceWith, repository) => {
        const names = with_({ host: 'cache.corp', prefix, replaceWith })
        expect(where(`cache.corp/${prefix}/${repository}:1`, names)?.repository).toBe(
          `${replaceWith}/${repository}`,
        )
        expect(where(`cache.corp/${prefix}0/${repository}:1`, names)).toBeUndefined()
      }),
    )
  })

  it.each([
    ['registry.example.com:443/a', 'registry.example.com'],
    ['registry.example.com/a', 'registry.example.com:443'],
    ['registry.example.com:80/a', 'registry.example.com'],
    ['[FD00:0:0::1]/a', '[fd00::1]'],
    ['[fd00:0:0:0:0:0:0:1]:5000/a', '[fd00::1]:5000'],
    ['[fd00::1]:443/a', '[fd00::1]'],
  ])('takes %s for an image of %s: it is the same address', (text, host) => {
    expect(where(text, { host, aliases: [] })?.repository).toBe('a')
  })

  it.each([
    ['registry.example.com:4430/a', 'registry.example.com'],
    ['[fd00::2]:5000/a', '[fd00::1]:5000'],
    ['[fd00::80]/a', '[fd00::]'],
    ['[::::]/a', '[::1]'],
  ])('does not take %s for an image of %s', (text, host) => {
    expect(where(text, { host, aliases: [] })).toBeUndefined()
  })
})

describe('spellings', () => {
  it('are all names that pods may write for a repository', () => {
    const names = with_(
      { host: 'Harbor.corp:443', prefix: '/proxy/main/', replaceWith: 'mirror' },
      { host: 'old.example.com' },
      { host: 'index.docker.io', prefix: 'corp', replaceWith: 'mirror/team' },
      { host: 'elsewhere.corp', replaceWith: 'other' },
    )
    expect(spellings('mirror/team', { ...names, pathPrefix: '/base/' })).toEqual([
      'registry.example.com/base/mirror/team',
      'harbor.corp/proxy/main/team',
      'old.example.com/mirror/team',
      'docker.io/corp',
    ])
    expect(spellings('mirror', with_({ host: 'harbor.corp', replaceWith: 'mirror' }))).toEqual([
      'registry.example.com/mirror',
    ])
  })

  it('hold every name under which the repository is found, whatever the aliases', () => {
    const host = fc.constantFrom('registry.example.com', 'a.example', 'docker.io')
    const path = fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 }).map((parts) => parts.join('/'))
    const alias: fc.Arbitrary<RegistryAlias> = fc.record({ host, prefix: path, replaceWith: path })
    fc.assert(
      fc.property(host, path, path, fc.array(alias, { maxLength: 4 }), (at, image, pathPrefix, aliases) => {
        const names: RegistryNames = { ...MAIN, pathPrefix, aliases }
        const reference = parseReference(`${at}/${image}`)
        const found = reference && locate(reference, names)
        if (reference === undefined || found === undefined) return
        expect(spellings(found.repository, names)).toContain(`${reference.host}/${reference.repository}`)
      }),
      { numRuns: 1_000 },
    )
  })
})
