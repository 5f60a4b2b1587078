import { describe, expect, test } from 'vitest'
import type { RegistryNames } from '#inventory/locate.ts'
import { parseReference } from '#inventory/reference.ts'
import { type RegistryImage, UsageLookup } from '#inventory/usage-lookup.ts'

const SHA = `sha256:${'a'.repeat(64)}`
const MAIN: RegistryNames = { host: 'r.example', aliases: [{ host: 'harbor.corp', prefix: 'proxy' }] }

function lookupOf(images: readonly string[], names = MAIN): UsageLookup<string> {
  const lookup = new UsageLookup<string>(names)
  for (const image of images) lookup.addImage(image, image, parseReference(image))
  return lookup
}

const found = (image: string, asked: RegistryImage, names = MAIN) =>
  lookupOf([image], names).find(asked).get(image)

describe('an image of the registry is found by a reference', () => {
  test.each<[string, RegistryImage]>([
    ['r.example/team/app:v1', { repository: 'team/app', tag: 'v1' }],
    ['r.example/team/app:v1', { repository: 'team/app', tag: 'v1', digest: SHA }],
    ['r.example/team/app:v1', { repository: 'team/app' }],
    ['r.example/team/app', { repository: 'team/app', tag: 'latest' }],
    ['harbor.corp/proxy/team/app:v1', { repository: 'team/app', tag: 'v1' }],
    [`r.example/team/app@${SHA}`, { repository: 'team/app', digest: SHA }],
    [`r.example/team/app:v1@${SHA}`, { repository: 'team/app', tag: 'v1' }],
    [`r.example/team/app:v1@${SHA}`, { repository: 'team/app', digest: SHA }],
  ])('%s for %j', (image, asked) => {
    expect(found(image, asked)).toBe('reference')
  })

  test.each<[string, RegistryImage]>([
    ['r.example/team/app:v1', { repository: 'team/app', tag: 'v2' }],
    ['r.example/team/app:v1', { repository: 'team/app', digest: SHA }],
    ['r.example/app:v1', { repository: 'team/app', tag: 'v1' }],
    ['other.example/app:v1', { repository: 'app', tag: 'v1' }],
    [`r.example/team/app@${SHA}`, { repository: 'team/app', tag: 'v1' }],
  ])('and not %s for %j', (image, asked) => {
    expect(found(image, asked)).toBeUndefined()
  })
})

describe('S06: an image of the registry is found', () => {
  test('by its digest in every repository, whoever names or runs it', () => {
    const asked = { repository: 'other/path', tag: 'x', digest: SHA }
    expect(found(`elsewhere.example/app@${SHA}`, asked)).toBe('digest')
    expect(found(`not//legal@${SHA}`, asked)).toBe('digest')
    const lookup = new UsageLookup<string>(MAIN)
    lookup.addDigest('running', SHA)
    expect([...lookup.find(asked)]).toEqual([['running', 'digest']])
  })

  test('by its config, of which a pod may write the id alone', () => {
    const lookup = lookupOf([SHA, 'a'.repeat(64), 'r.example/app:v1'])
    lookup.addConfig('running', SHA)
    expect([...lookup.findConfig(SHA).keys()]).toEqual([SHA, 'a'.repeat(64), 'running'])
    expect([...lookup.find({ repository: 'app', digest: SHA }).keys()]).toEqual([SHA, 'a'.repeat(64)])
  })

  test.each<[string, RegistryImage]>([
    ['cache.corp/r/team/app:v1', { repository: 'team/app', tag: 'v1' }],
    ['cache.corp/team/app:v1', { repository: 'team/app', tag: 'v1' }],
    ['cache.corp/r/team/app:v1', { repository: 'team/app' }],
    ['r.example/wrong/team/app:v1', { repository: 'team/app', tag: 'v1' }],
    ['nginx:1', { repository: 'library/nginx', tag: '1' }],
    ['ghcr.io/team/app:v1', { repository: 'ghcr.io/team/app', tag: 'v1' }],
  ])('where the path of %s ends in it: %j', (image, asked) => {
    expect(found(image, asked)).toBe('suspected-alias')
  })

  test.each<[string, RegistryImage]>([
    ['cache.corp/r/app:v1', { repository: 'app', tag: 'v1' }],
    ['cache.corp/team/app:v1', { repository: 'team/app', tag: 'v2' }],
    ['cache.corp/my-team/app:v1', { repository: 'team/app', tag: 'v1' }],
    ['cache.corp/team/app:v1', { repository: 'prod/team/app', tag: 'v1' }],
  ])('but %s is not taken for %j', (image, asked) => {
    expect(found(image, asked)).toBeUndefined()
  })
})

describe('S06: what is no legal reference protects what it may mean', () => {
  const tagged = { repository: 'team/app', tag: 'v1' }

  test.each<[string, RegistryImage]>([
    ['https://r.example/team/app:v1', tagged],
    ['r.example/Team/App:v1', tagged],
    ['https://harbor.corp/proxy/team/app:v1', tagged],
    ['https://cache.corp/x/team/app:v1', tagged],
    [`\${REGISTRY}/team/app:v1`, tagged],
    [`\${REGISTRY}/app:v1`, { repository: 'app', tag: 'v1' }],
    ['r.example/team/app:', { ...tagged, digest: SHA }],
    ['r.example/team/app:', { repository: 'team/app', digest: SHA }],
    ['r.example/team/app:v1:v2', { repository: 'team/app' }],
    ['https://r.example/team/app:v1', { repository: 'team/app' }],
  ])('%s may mean %j', (image, asked) => {
    expect(found(image, asked)).toBe('salvaged')
  })

  test.each<[string, RegistryImage]>([
    ['https://r.example/team/app:v1', { repository: 'team/app', tag: 'v2' }],
    ['https://other.example/app:v1', { repository: 'app', tag: 'v1' }],
    ['{{ .Values.image }}', { repository: 'values', tag: 'v1' }],
  ])('%s does not mean %j', (image, asked) => {
    expect(found(image, asked)).toBeUndefined()
  })

  test('also where the host is in capitals or left out', () => {
    const names: RegistryNames = { host: 'registry', aliases: [] }
    expect(found('Registry/App:v1', { repository: 'app', tag: 'v1' }, names)).toBe('salvaged')
    const hub: RegistryNames = { host: 'docker.io', aliases: [] }
    expect(found('Nginx:1', { repository: 'library/nginx', tag: '1' }, hub)).toBe('salvaged')
    expect(found('docker.io/Nginx:1', { repository: 'library/nginx', tag: '1' }, hub)).toBe('salvaged')
    expect(found('Team/App:1', { repository: 'team/app', tag: '1' }, hub)).toBe('salvaged')
  })
})

test('a user is found once, by the strongest match, and the strongest come first', () => {
  const images = [
    'cache.corp/x/team/app:v1',
    'https://r.example/team/app:v1',
    `other.example/app@${SHA}`,
    `r.example/team/app:v1@${SHA}`,
  ]
  const asked = { repository: 'team/app', tag: 'v1', digest: SHA }
  expect([...lookupOf(images).find(asked)]).toEqual([
    [images[3], 'reference'],
    [images[2], 'digest'],
    [images[1], 'salvaged'],
    [images[0], 'suspected-alias'],
  ])
})
