import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { contextsKubeconfig } from '#test/harness/cluster/contexts.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { damage } from '#test/harness/damage.ts'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { artifact, containerImage, cosignSignature, cosignTag, helmChart } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { type CommandResult, tallyman } from '#test/harness/tallyman.ts'
import { namespace, node, pod } from './support/objects.ts'

const RULES = `
kind: RegistryPolicy
spec:
  rules:
  - name: base-images
    repositories: ["base/**"]
    keep: {all: true}
  - name: the-rest
    repositories: ["**"]
    keep: {newest: 1, beforeInUse: 1}
`

let cluster: TestCluster
let folder: string

beforeAll(async () => {
  cluster = await borrowCluster()
  await cluster.apply([namespace('shop'), node('worker-1')])
  folder = path.join(cluster.stateDir, 'plan')
  await mkdir(folder)
  await writeFile(path.join(folder, 'rules.yaml'), RULES)
})

afterAll(async () => {
  await cluster?.stop()
})

describe('tallyman plan', () => {
  const images = [1, 2, 3, 4, 5].map((day) =>
    containerImage({ seed: `app ${day}`, created: `2026-0${day}-01T00:00:00Z` }),
  )
  let registry: TestRegistry
  let host: string

  beforeAll(async () => {
    registry = await startRegistry({ version: '3' })
    host = registry.host
    const writer = new StorageWriter(registry.storageDir)
    for (const [at, image] of images.entries()) writer.write('shop/app', image, `v${at + 1}`)
    const [first] = images
    if (first === undefined) throw new Error('there are images')
    writer.write('shop/app', first, 'oldest')
    writer.write('shop/app', cosignSignature(first), cosignTag(first.manifest.digest, 'sig'))
    writer.write('base/os', containerImage({ seed: 'os', created: '2020-01-01T00:00:00Z' }), '2020')
    writer.write('charts/app', helmChart('chart', '1.0.0'), '1.0.0')
    await cluster.apply([pod({ namespace: 'shop', name: 'app' }, `${host}/shop/app:v3`)])
  })

  afterAll(async () => {
    await registry?.stop()
  })

  const plan = (words: string, at = host): Promise<CommandResult> =>
    tallyman([
      'plan',
      at,
      '--kubeconfig',
      cluster.adminKubeconfig,
      ...words.split(' ').filter((word) => word !== ''),
    ])

  test('says of each tag that goes why, by the rules of a file', async () => {
    const { code, stdout, stderr } = await plan(`--rules ${folder}/rules.yaml -q`)
    const signature = cosignTag(images[0]?.manifest.digest ?? '', 'sig')
    expect(stdout.split('\n')).toEqual([
      'evict  shop/app:oldest  4 newer digests',
      `evict  shop/app:${signature}  it belongs to ${images[0]?.manifest.digest.slice(0, 19)}, which goes`,
      'evict  shop/app:v1  4 newer digests',
      'evict  shop/app:v4  1 newer digest',
      '',
      expect.stringMatching(
        /^Of 9 tags of 3 repositories, 4 tags would be evicted with 3 digests; 5 stay\. .* would be unreferenced, for the registry's garbage collection to free\.$/,
      ),
      'This is by what is in use now; no memory of earlier use was read, and nothing carries this plan out.',
      '',
    ])
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })

  test('says why the rest stays, in every format', async () => {
    const { stdout } = await plan(`--rules ${folder}/rules.yaml -q --kept`)
    expect(stdout).toContain('keep   base/os:2020  its rule keeps everything\n')
    expect(stdout).toContain('keep   shop/app:v5  newest\n')
    expect(stdout).toContain('keep   shop/app:v2  1st before v3, which is in use\n')
    expect(stdout).toMatch(
      /keep {3}charts\/app:1\.0\.0 {2}it is no container image but .*helm.*, and no rule names its kind\n/,
    )
    expect(stdout).toMatch(/keep {3}shop\/app:v3 {2}.*\/shop\/Pod\/app runs it\n/)
    const json = JSON.parse((await plan(`--rules ${folder}/rules.yaml -q -o json`)).stdout)
    expect(json.summary).toMatchObject({ repositories: 3, tags: 9, keep: 5, evict: 4, untag: 0 })
    expect(json.tags).toHaveLength(9)
    expect(json.tags[0]).toEqual({
      repository: 'base/os',
      tag: '2020',
      digest: expect.stringMatching(/^sha256:/),
      action: 'keep',
      code: 'KeepAll',
      reason: 'its rule keeps everything',
      rule: 'base-images',
    })
    expect(json).not.toHaveProperty('digest')
    const { stdout: rows, stderr } = await plan('--keep-newest 1 -o csv')
    expect(stderr).toContain('no memory of earlier use was read, and nothing carries this plan out.\n')
    const csv = rows.trim().split('\r\n')
    expect(csv).toHaveLength(10)
    expect(csv[0]).toBe('repository,tag,action,code,reason,rule,digest')
  })

  test('names rules that match no repository of the registry, and does not doubt the plan for that', async () => {
    const file = path.join(folder, 'typo.yaml')
    const rest = '{name: rest, repositories: ["**"], keep: {newest: 1}}'
    await writeFile(file, `rules: [{name: typo, repositories: ["bsae/**"], keep: {all: true}}, ${rest}]`)
    const { code, stdout, stderr } = await plan(`--rules ${file} -q -o json`)
    expect(JSON.parse(stdout).unmatchedRules).toEqual(['typo'])
    expect(stderr).toBe('tallyman: rule typo matches no repository of the registry\n')
    expect(code).toBe(0)
    expect((await plan(`--rules ${file} -q`, `${host}/shop/app`)).stderr).toBe('')
  })

  test('names rules of which earlier ones have everything', async () => {
    const file = path.join(folder, 'shadowed.yaml')
    const late = '{name: late, repositories: ["base/*"], keep: {all: true}}'
    await writeFile(file, `rules: [{name: all, repositories: ["**"], keep: {newest: 1}}, ${late}]`)
    const { code, stderr } = await plan(`--rules ${file} -q`)
    expect(stderr).toBe('tallyman: rule late decides about nothing: rules before it match all that it does\n')
    expect(code).toBe(0)
  })

  test('reads one repository alone, and takes a rule from options', async () => {
    const { code, stdout } = await plan('--keep-tag v* -q', `${host}/shop/app`)
    expect(stdout).toContain('Of 7 tags of 1 repository, 1 tag would go while the digest stays; 6 stay.')
    expect(stdout).toContain('untag  shop/app:oldest')
    expect(code).toBe(0)
  })

  test('takes the one RegistryPolicy of several documents, as kustomize writes them', async () => {
    const file = path.join(folder, 'built.yaml')
    const others = [
      'kind: Namespace\nmetadata: {name: shop}',
      'kind: Registry\nspec: {url: "https://a.example"}',
    ]
    await writeFile(file, [...others, RULES, 'kind: ClusterRole\nrules: []'].join('\n---\n'))
    const { code, stdout } = await plan(`--rules ${file} -q`)
    expect(stdout).toContain('evict  shop/app:v1  4 newer digests\n')
    expect(code).toBe(0)
  })

  test('S06: keeps what pods pull by another name of the registry, where --alias tells it', async () => {
    const place = { namespace: 'shop', name: 'elsewhere' }
    await cluster.apply([pod(place, 'mirror.example/pulled/app:v1')])
    const without = await plan('--keep-newest 1 -q')
    expect(without.stdout).toContain('evict  shop/app:v1  ')
    const { code, stdout } = await plan('--keep-newest 1 -q --kept --alias mirror.example/pulled=shop')
    await cluster.kubectl(['delete', 'pod', place.name, '-n', place.namespace, '--now'])
    expect(stdout).toMatch(/keep {3}shop\/app:v1 {2}.*\/shop\/Pod\/elsewhere runs it\n/)
    expect(code).toBe(0)
  })

  test('S01: asks the contexts that it is told to, and prints no plan where one of them is missing', async () => {
    const gone = path.join(folder, 'gone.kubeconfig')
    const admin = await readFile(cluster.adminKubeconfig, 'utf8')
    await writeFile(gone, admin.replace(cluster.server, 'https://127.0.0.1:1'))
    const both = path.join(folder, 'both.kubeconfig')
    await writeFile(both, await contextsKubeconfig({ here: cluster.adminKubeconfig, gone }))
    const asked = (...words: string[]) =>
      tallyman(['plan', host, '-q', '--kubeconfig', both, '--keep-newest', '1', ...words])
    const here = await asked('--context', 'here')
    expect(here.stdout).toContain('evict  shop/app:v1  4 newer digests\n')
    expect(here.code).toBe(0)
    const missing = await asked('--all-contexts')
    expect(missing.stdout).toBe('')
    expect(missing.stderr).toMatch(/^tallyman: context gone: .*ECONNREFUSED/)
    expect(missing.code).toBe(1)
    const allowed = await asked('--all-contexts', '--allow-missing')
    expect(allowed.stdout).toBe(here.stdout)
    expect(allowed.stderr).toMatch(/^tallyman: context gone is left out: .*ECONNREFUSED/)
    expect(allowed.code).toBe(3)
  })

  test('writes nothing', async () => {
    const proxy = await startFaultProxy({ upstream: registry.url })
    await plan(`--rules ${folder}/rules.yaml -q`, proxy.host)
    expect(proxy.count).toBeGreaterThan(10)
    expect(proxy.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([])
    await proxy.stop()
  })

  test('keeps all of a repository that it could not read in full, says so, and exits with 3', async () => {
    const repair = damage('manifest-missing', {
      ...{ storageDir: registry.storageDir, repository: 'shop/app', reference: 'v5' },
    })
    const { code, stdout, stderr } = await plan(`--rules ${folder}/rules.yaml -q`)
    repair()
    expect(stdout).toContain('Nothing of 9 tags of 3 repositories would go.\n')
    expect(stdout).not.toContain('evict ')
    expect(stderr).toMatch(
      /^tallyman: shop\/app was not read in full, and all of it stays: v5 could not be read: REGISTRY_ABSENT/,
    )
    expect(code).toBe(3)
  })

  test('S08: counts nothing of what belongs to Tallyman, and says what it leaves out', async () => {
    const before = await plan('--keep-newest 1 -q')
    const kept = artifact({ seed: 'plan', artifactType: 'application/vnd.tallyman.plan.v1' })
    new StorageWriter(registry.storageDir).write('tallyman/plans/shop/web', kept, 'latest')
    const { code, stdout, stderr } = await plan('--keep-newest 1 -q')
    expect(stdout).toBe(before.stdout)
    expect(stderr).toBe(
      'tallyman: 1 repository that belongs to Tallyman is left out: tallyman/plans/shop/web\n',
    )
    expect(code).toBe(0)
    const json = await plan('--keep-newest 1 -q --kept -o json')
    expect(json.stdout).not.toContain('tallyman/plans')
    expect((await plan('--keep-newest 1 -q', `${host}/tallyman/plans/shop/web`)).stdout).toContain(
      'Nothing of 1 tag of 1 repository would go.',
    )
  })
})

describe('tallyman plan with wrong input', () => {
  const plan = (...words: string[]) =>
    tallyman(['plan', '127.0.0.1:1', '--kubeconfig', cluster.adminKubeconfig, ...words])
  const written = async (text: string) => {
    const file = path.join(folder, 'wrong.yaml')
    await writeFile(file, text)
    return file
  }

  test('asks what stays', async () => {
    const { code, stderr } = await plan()
    expect(stderr).toContain("it is not said what stays: '--rules <file>', or one of '--keep-newest'")
    expect(code).toBe(1)
    expect((await plan('--when-unused', 'evict')).stderr).toContain('it is not said what stays')
  })

  test('refuses two ways of saying it', async () => {
    const { stderr } = await plan('--rules', `${folder}/rules.yaml`, '--keep-newest', '3')
    expect(stderr).toContain("option '--keep-newest' contradicts '--rules'")
  })

  test.each([
    ['rules: [', /is no YAML/],
    ['- a', /holds no rules: a list is expected under rules:/],
    ['rules: []', /rules: /],
    [
      'rules: [{name: a, repositories: ["**"], keep: {newst: 3}}]',
      /rules\[0\]\.keep: "newst" is no field of it; there are .*newest/,
    ],
    ['rules: [{name: a, repositories: ["**"], keep: {newest: 0}}]', /rules\[0\]\.keep\.newest: /],
    ['rules: [{name: a, repositories: ["**"], keep: {}}]', /rules\[0\]\.keep of the rule a keeps nothing/],
    [
      'rules: [{name: a, repositories: ["**"], keep: {youngerThan: soon}}]',
      /rules\[0\]\.keep\.youngerThan: .*duration such as 24h/,
    ],
    [
      'rules: [{name: a, repositories: ["**"], keep: {newest: 1}, groupBy: "("}]',
      /rules\[0\]\.groupBy is .*RE2/,
    ],
    [
      'rules: [{name: a, repositories: ["{a,b}/**"], keep: {newest: 1}}]',
      /SPEC_INVALID: rules\[0\]\.repositories\[0\]: "\{a,b\}\/\*\*" matches no repository, because "\{" is in none/,
    ],
    ['kind: ClusterRole\nrules: []', /holds no rules: .*; there is document 1 \(ClusterRole\)/],
    [
      'kind: RegistryPolicy\nmetadata: {name: a}\nspec: {}\n---\nkind: Registry\nmetadata: {name: r}\nspec: {}\n---\nkind: RegistryPolicy\nmetadata: {name: b}\nspec: {}',
      /holds rules more than once: document 1 \(RegistryPolicy a\), document 3 \(RegistryPolicy b\)\. One of them is needed alone/,
    ],
    [
      'kind: Registry\nspec: {}\n---\nkind: Secret',
      /there is document 1 \(Registry\), document 2 \(Secret\)/,
    ],
    ['kind: Registry\n---\nrules: [', /is no YAML/],
  ])('names the field of the rules that is wrong: %s', async (text, message) => {
    const { code, stderr } = await plan('--rules', await written(text))
    expect(stderr).toMatch(message)
    expect(code).toBe(1)
  })

  test('refuses a pattern that no tag can match', async () => {
    const { code, stderr } = await plan('--keep-tag', '[a')
    expect(stderr).toContain(
      'SPEC_INVALID: --keep-tag: "[a" matches no tag, because "[" is in none: allowed are letters, digits, . _ and -, and * and ? for others.',
    )
    expect(code).toBe(1)
  })

  test('names a file that is not there', async () => {
    const { code, stderr } = await plan('--rules', '/nowhere/rules.yaml')
    expect(stderr).toContain('--rules: there is no file /nowhere/rules.yaml')
    expect(code).toBe(1)
  })
})
