import { describe, expect, test } from 'vitest'
import { policyConflicts } from '#controllers/policy-conflict.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'

const object = (kind: string, name: string) => ({
  apiVersion: 'tallyman.dev/v1alpha1',
  kind,
  metadata: { name, namespace: 'ci' },
})

function registry(name: string, url: string, aliases: readonly object[] = []): RegistryObject {
  return { ...object('Registry', name), spec: { url, aliases } }
}

function policy(
  name: string,
  registryName: string,
  rules: readonly object[],
  more: object = {},
): RegistryPolicyObject {
  const whole = rules.map((rule, at) => ({ name: `r${at}`, keep: { newest: 1 }, ...rule }))
  return {
    ...object('RegistryPolicy', name),
    spec: {
      ...{
        registryRef: { name: registryName },
        inventoryRef: { name: 'all' },
        mode: 'Enforce',
        rules: whole,
      },
      ...more,
    },
  }
}

const about = (...repositories: string[]) => [{ repositories }]
const MAIN = registry('main', 'https://r.example')

function conflicts(
  policies: readonly RegistryPolicyObject[],
  registries: readonly RegistryObject[] = [MAIN],
) {
  const byKey = new Map(registries.map((each) => [`ci/${each.metadata.name}`, each]))
  return policyConflicts(policies, { get: (key) => byKey.get(key) })
}

describe('S01: two policies over the same repositories', () => {
  test('are in conflict, and each is told of the other', () => {
    const found = conflicts([
      policy('one', 'main', about('team/**')),
      policy('two', 'main', about('base/*', '*/app')),
      policy('three', 'main', about('other/*/*')),
    ])
    expect([...found.keys()]).toEqual(['ci/one', 'ci/two'])
    expect(found.get('ci/one')).toBe(
      'RegistryPolicy ci/two of Registry main (r.example) may delete from the same repositories as this one of Registry main (r.example): rule r0 here is about team/**, and rule r0 there about */app. Exclude the one pattern from the other rule (excludeRepositories), or set spec.mode: DryRun or spec.suspend: true in ci/two or here',
    )
    expect(found.get('ci/two')).toContain('RegistryPolicy ci/one of Registry main')
    expect(found.get('ci/two')).toContain('rule r0 here is about */app, and rule r0 there about team/**')
  })

  test('are none where one leaves out what the other is about', () => {
    const rest = [{ repositories: ['**'], excludeRepositories: ['team-*/**'] }]
    const policies = [policy('rest', 'main', rest), policy('team', 'main', about('team-a/**'))]
    expect(conflicts(policies).size).toBe(0)
    expect(conflicts([...policies, policy('more', 'main', about('team-a/**', 'x'))]).size).toBe(3)
  })

  test.each([
    ['makes plans alone', { mode: 'DryRun' }],
    ['is suspended', { suspend: true }],
    ['cannot be read', { rules: [] }],
  ])('are none where one %s', (_, more) => {
    const policies = [policy('one', 'main', about('**')), policy('two', 'main', about('**'), more)]
    expect(conflicts(policies).size).toBe(0)
  })

  test('are none where one is being deleted, or has no Registry', () => {
    const one = policy('one', 'main', about('**'))
    const going = policy('two', 'main', about('**'))
    const deleted = { ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
    expect(conflicts([one, deleted, policy('three', 'nowhere', about('**'))]).size).toBe(0)
  })

  test.each([
    ['by the same URL', 'https://r.example/', 'app', 2],
    ['by another scheme', 'http://R.example', 'app', 2],
    ['by its path', 'https://r.example/team', 'app', 0],
    ['by its path', 'https://r.example/team', '**', 0],
    ['by another host', 'https://other.example', 'app', 0],
    ['by an alias of the first', 'https://alias.example', 'app', 2],
    ['by an alias of the first with a path', 'https://alias.example/team', 'app', 2],
    ['by an alias that is written otherwise', 'https://second.example', 'app', 2],
    ['by an alias with an empty prefix', 'https://third.example', 'app', 2],
    ['behind a proxy of the first', 'https://mirror.example', 'app', 0],
  ])('of two Registries: the second named %s', (_, url, pattern, size) => {
    const first = registry('main', 'https://r.example', [
      { host: 'alias.example' },
      { host: 'Second.example' },
      { host: 'third.example', prefix: '/' },
      { host: 'mirror.example', prefix: 'proxy' },
    ])
    const policies = [policy('one', 'main', about('app')), policy('two', 'second', about(pattern))]
    const found = conflicts(policies, [first, registry('second', url)])
    expect(found.size).toBe(size)
    for (const text of found.values()) expect(text).toMatch(/, or set spec\.mode: DryRun or spec\.suspend/)
  })

  test('of two Registries, of which one is a part of the other', () => {
    const registries = [MAIN, registry('team', 'https://r.example/team')]
    const found = conflicts(
      [policy('one', 'main', about('team/*')), policy('two', 'team', about('app'))],
      registries,
    )
    expect(found.get('ci/two')).toContain('RegistryPolicy ci/one of Registry main (r.example) may')
    expect(found.get('ci/two')).toContain(
      'this one of Registry team (r.example/team): rule r0 here is about app, ',
    )
    expect(found.get('ci/two')).toContain('rule r0 there about team/*')
  })

  test('count as such where there is too much to compare', () => {
    const many = (end: string) =>
      Array.from({ length: 64 }, (_, n) => ({
        repositories: Array.from({ length: 64 }, (_, m) => `**/${n}/${m}/${'x'.repeat(40)}/${end}`),
      }))
    expect(conflicts([policy('one', 'main', many('a')), policy('two', 'main', many('b'))]).size).toBe(2)
  })
})
