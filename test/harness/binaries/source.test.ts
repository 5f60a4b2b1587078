import { describe, expect, it } from 'vitest'
import type { Family } from '#test/harness/binaries/families.ts'
import { cacheDirectory, chooseSource } from '#test/harness/binaries/source.ts'

const etcd: Family = {
  name: 'etcd',
  module: 'example.test/etcd',
  programs: [{ name: 'etcd', file: 'server' }],
  buildTime: 'seconds',
  linkerVariables: () => ({}),
  release: () => undefined,
}
const program = { name: 'etcd', file: 'server' }

describe('the source of a program', () => {
  it.each([
    [
      'KUBEBUILDER_ASSETS first',
      '/assets',
      ['/assets/etcd', '/c/bin/etcd-v1/server'],
      'assets',
      '/assets/etcd',
    ],
    [
      'the cache where the assets lack it',
      '/assets',
      ['/c/bin/etcd-v1/server'],
      'cache',
      '/c/bin/etcd-v1/server',
    ],
    ['the cache without assets', undefined, ['/c/bin/etcd-v1/server'], 'cache', '/c/bin/etcd-v1/server'],
    ['missing where neither has it', '/assets', [], 'missing', '/c/bin/etcd-v1/server'],
    ['an empty variable is none', '', ['/etcd', 'etcd'], 'missing', '/c/bin/etcd-v1/server'],
  ])('%s', async (_title, assets, there, kind, path) => {
    const isExecutable = async (file: string) => there.includes(file)
    const places = { assets, cacheDir: '/c' }
    expect(await chooseSource(etcd, program, 'v1', places, isExecutable)).toEqual({ kind, path })
  })
})

it.each([
  [{ TALLYMAN_CACHE: '/own', XDG_CACHE_HOME: '/xdg', HOME: '/home/a' }, '/own'],
  [{ XDG_CACHE_HOME: '/xdg', HOME: '/home/a' }, '/xdg/tallyman'],
  [{ TALLYMAN_CACHE: '', XDG_CACHE_HOME: '', HOME: '/home/a' }, '/home/a/.cache/tallyman'],
])('the cache directory of %o is %s', (env, expected) => {
  expect(cacheDirectory(env)).toBe(expected)
})
