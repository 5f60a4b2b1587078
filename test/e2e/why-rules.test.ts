import { afterAll, beforeAll, expect, test } from 'vitest'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { containerImage } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { tallyman } from '#test/harness/tallyman.ts'
import { namespace, node, pod } from './support/objects.ts'

const images = [1, 2, 3].map((day) =>
  containerImage({ seed: `app ${day}`, created: `2026-0${day}-01T00:00:00Z` }),
)
const [old] = images
const absent = containerImage({ seed: 'absent' }).manifest.digest
let cluster: TestCluster
let registry: TestRegistry
let app: string

beforeAll(async () => {
  cluster = await borrowCluster()
  await cluster.apply([namespace('shop'), node('worker-1')])
  registry = await startRegistry({ version: '3' })
  app = `${registry.host}/shop/app`
  const writer = new StorageWriter(registry.storageDir)
  for (const [at, image] of images.entries()) writer.write('shop/app', image, `v${at + 1}`)
  if (old !== undefined) writer.write('shop/app', old, 'oldest')
  await cluster.apply([pod({ namespace: 'shop', name: 'app' }, `${app}:v2`)])
})

afterAll(async () => {
  await registry?.stop()
  await cluster?.stop()
})

const why = (image: string, ...words: readonly string[]) =>
  tallyman(['why', image, ...words, '--kubeconfig', cluster.adminKubeconfig, '--no-ledger', '-q'])

test('with rules it says what becomes of an image, why, and by which rule', async () => {
  const used = await why(`${app}:v2`, '--keep-newest', '1')
  expect(used.stdout).toContain(`${app}:v2 is in use in 1 of 1 cluster.\n`)
  expect(used.stdout).toMatch(/By the rules:\n {2}shop\/app:v2 {2}kept: .*\/shop\/Pod\/app runs it\n$/)
  expect(used.code).toBe(0)
  const unused = await why(`${app}:v1`, '--keep-newest', '1')
  expect(unused.stdout).toContain('  shop/app:v1  evict: 2 newer digests  by rule command-line\n')
  expect(unused.code).toBe(2)
})

test('of a digest it says that of each of its tags', async () => {
  const image = `${app}@${old?.manifest.digest}`
  const { verdicts } = JSON.parse((await why(image, '--keep-tag', 'v*', '-o', 'json')).stdout)
  expect(verdicts).toEqual([
    expect.objectContaining({ tag: 'oldest', action: 'untag', rule: 'command-line' }),
    {
      ...{ tag: 'v1', digest: old?.manifest.digest, action: 'keep', code: 'KeepTag' },
      ...{ reason: 'its rule keeps tags like v*', rule: 'command-line' },
    },
  ])
})

test('it says what the registry does not have', async () => {
  for (const image of [`${app}:v9`, `${app}@${absent}`, `${app}:v1@${absent}`]) {
    const { stdout, code } = await why(image, '--keep-newest', '1')
    expect(stdout).toContain(`The registry does not have ${image}.\n`)
    expect(code).toBe(2)
  }
})

test('without rules it says so, and asks no registry', async () => {
  await registry.down()
  const image = `${app}:v2`
  const { stdout, stderr, code } = await tallyman(['why', image, '--kubeconfig', cluster.adminKubeconfig])
  expect(stderr).toContain('tallyman: No rules were given: whether it stays is not looked at')
  expect(stdout).not.toContain('By the rules')
  expect(code).toBe(0)
  const unreachable = await why(image, '--keep-newest', '1')
  expect(unreachable).toMatchObject({ code: 1, stdout: '' })
  expect(unreachable.stderr).toContain('REGISTRY_UNREACHABLE')
  await registry.up()
})

test.each([
  [
    [absent, '--keep-newest', '1'],
    /'image' is a digest alone: with rules its repository has to be named too/,
  ],
  [['a.example/app:v1', '--rules', 'r.yaml', '--keep-newest', '1'], /'--keep-newest' contradicts '--rules'/],
  [['a.example/app:v1', '--rules', '/nowhere.yaml'], /--rules: there is no file \/nowhere\.yaml/],
  [['a.example/app:v1', '--username', 'me'], /'--username <name>' needs '--password-stdin'/],
] as const)('it refuses %j', async ([image, ...words], message) => {
  const { code, stdout, stderr } = await why(image, ...words)
  expect(stderr).toMatch(message)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
})
