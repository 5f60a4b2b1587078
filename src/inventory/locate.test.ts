import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { locate, type RegistryNames } from '#inventory/locate.ts'
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
})
