import { expect, test } from 'vitest'
import type { RegistryObject } from '#controllers/resources.ts'
import { workspaceSharer, workspacesIn } from '#controllers/workspaces.ts'
import { CLAIMS_REPOSITORY } from '#inventory/claim.ts'

function registry(name: string, url: string, workspace?: object): RegistryObject {
  return {
    apiVersion: 'tallyman.dev/v1alpha1',
    kind: 'Registry',
    metadata: { namespace: 'ops', name },
    spec: { url, ...(workspace === undefined ? {} : { workspace }) },
  }
}

const store = (...all: readonly RegistryObject[]) => ({
  list: () => [...all],
  get: (key: string) => all.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key),
})

test('S08: the workspace of a Registry is in no scope', () => {
  const main = registry('main', 'https://main.example.com', { prefix: 'tallyman' })
  expect(workspacesIn(main, store(main))).toEqual(['tallyman', CLAIMS_REPOSITORY])
})

test('S08, S19: where the workspace is elsewhere, its trash is in no scope all the same', () => {
  const main = registry('main', 'https://main.example.com', {
    prefix: 'ops/tallyman',
    registryRef: { name: 'side' },
  })
  const side = registry('side', 'https://side.example.com')
  expect(workspacesIn(main, store(main, side))).toEqual(['ops/tallyman/trash', CLAIMS_REPOSITORY])
  expect(workspacesIn(side, store(main, side))).toEqual(['ops/tallyman', CLAIMS_REPOSITORY])
})

test('S08: of the Registries of one host, each has the workspaces below its own path', () => {
  const whole = registry('whole', 'https://r.example.com')
  const team = registry('team', 'https://r.example.com/team', { prefix: 'tallyman' })
  const teams = registry('teams', 'https://r.example.com/teams')
  const other = registry('other', 'https://r.example.com.other')
  const all = store(whole, team, teams, other)
  expect(workspacesIn(whole, all)).toEqual(['team/tallyman', CLAIMS_REPOSITORY])
  expect(workspacesIn(team, all)).toEqual(['tallyman', CLAIMS_REPOSITORY])
  for (const each of [teams, other]) expect(workspacesIn(each, all)).toEqual([CLAIMS_REPOSITORY])
})

test('S08: a Registry that cannot be understood takes no other out of it', () => {
  const main = registry('main', 'https://main.example.com', { prefix: 'tallyman' })
  const lost = registry('lost', 'https://lost.example.com', {
    prefix: 'tallyman',
    registryRef: { name: 'nobody' },
  })
  expect(workspacesIn(main, store(registry('bad', 'no url'), lost, main))).toEqual([
    'tallyman',
    CLAIMS_REPOSITORY,
  ])
})

test('S46: registries that keep their workspaces at one place are noticed', () => {
  const ops = registry('ops', 'https://ops.example.com')
  const inOps = (prefix: string) => ({ prefix, registryRef: { name: 'ops' } })
  const prod = registry('prod', 'https://prod.example.com', inOps('tallyman'))
  const staging = registry('staging', 'https://staging.example.com', inOps('tallyman'))
  const apart = registry('apart', 'https://apart.example.com', inOps('tallyman-apart'))
  const lost = registry('lost', 'https://lost.example.com', {
    prefix: 'tallyman',
    registryRef: { name: 'nobody' },
  })
  const all = store(ops, lost, prod, staging, apart)
  expect(workspaceSharer(prod, all)).toBe(staging)
  expect(workspaceSharer(staging, all)).toBe(prod)
  for (const each of [ops, apart]) expect(workspaceSharer(each, all)).toBeUndefined()
})

test('S46: below one path, a place is the same by whichever Registry it is named', () => {
  const whole = registry('whole', 'https://r.example.com', { prefix: 'team/tallyman' })
  const team = registry('team', 'https://r.example.com/team', { prefix: 'tallyman' })
  expect(workspaceSharer(whole, store(whole, team))).toBe(team)
})

test('S46: two Registries of one registry, as with other credentials, may have one workspace', () => {
  const main = registry('main', 'https://r.example.com', { prefix: 'tallyman' })
  const again = registry('again', 'https://r.example.com/', { prefix: 'tallyman' })
  expect(workspaceSharer(main, store(main, again))).toBeUndefined()
})
