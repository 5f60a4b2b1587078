import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Claims } from '#evict/claims.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { startEvictionSite } from '#test/harness/eviction.ts'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { type ForeignClient, foreignClient } from '#test/harness/foreign.ts'
import { containerImage, cosignSignature, cosignTag, multiPlatformImage } from '#test/harness/images.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { startTallyman, tallyman } from '#test/harness/tallyman.ts'
import { namespace, node, pod } from './support/objects.ts'

let cluster: TestCluster

beforeAll(async () => {
  cluster = await borrowCluster()
  await cluster.apply([namespace('shop'), node('worker-1')])
})

afterAll(async () => {
  await cluster?.stop()
})

const rm = (words: readonly string[]) =>
  tallyman(['rm', ...words, '--kubeconfig', cluster.adminKubeconfig, '-q'])

const versions: readonly RegistryVersion[] = ['2.8', '3']

describe.each(versions)('tallyman rm, registry %s', (version) => {
  const [used, old, shared, signed] = ['used', 'old', 'shared', 'signed'].map((seed) =>
    containerImage({ seed }),
  )
  const multi = multiPlatformImage({ seed: 'multi' })
  if (used === undefined || old === undefined || shared === undefined || signed === undefined)
    throw new Error('there are images')
  const platform = multi.children[0]?.manifest.digest ?? ''
  const signature = cosignTag(signed.manifest.digest, 'sig')
  let registry: TestRegistry
  let skopeo: ForeignClient
  let app: string

  beforeAll(async () => {
    registry = await startRegistry({ version })
    skopeo = await foreignClient('skopeo', registry)
    app = `${registry.host}/shop/app`
    await cluster.apply([pod({ namespace: 'shop', name: `app-${version}` }, `${app}:used`)])
  })

  /** Each test has the repository as it was in the beginning. */
  const fill = () => {
    const writer = new StorageWriter(registry.storageDir)
    writer.write('shop/app', used, 'used')
    writer.write('shop/app', old, 'old')
    writer.write('shop/app', shared, 'v1', 'v1.0')
    writer.write('shop/app', signed, 'signed')
    writer.write('shop/app', cosignSignature(signed), signature)
    writer.write('shop/app', multi, 'multi')
  }

  afterAll(async () => {
    await skopeo?.close()
    await registry?.stop()
  })

  const has = async (digest: string) =>
    (await skopeo.manifest(`${app}@${digest}`).catch(() => undefined)) !== undefined
  const tags = async () => [...(await skopeo.tags(app))].filter((tag) => !tag.startsWith('sha256-')).sort()

  test('removes a tag that nobody uses with its manifest, and leaves the rest as it was', async () => {
    fill()
    const { code, stdout } = await rm([`${app}:old`, '--yes'])
    expect(stdout.split('\n')).toEqual([
      'evict  shop/app:old',
      'Removed 1 tag and 1 manifest.',
      expect.stringMatching(/this brings it back: tallyman restore \S+ --run rm-\d{8}t\d{6}-[0-9a-f]{4}$/),
      '',
    ])
    expect(code).toBe(0)
    expect(await tags()).toEqual(['multi', 'signed', 'used', 'v1', 'v1.0'])
    expect(await has(old.manifest.digest)).toBe(false)
    for (const tag of await tags()) expect((await skopeo.pull(`${app}:${tag}`)).size).toBeGreaterThan(1)
    const [, command = ''] = /this brings it back: tallyman (.*)\n/.exec(stdout) ?? []
    expect((await tallyman(command.split(' '))).code).toBe(0)
    expect((await skopeo.pull(`${app}:old`)).size).toBeGreaterThan(1)
  })

  test('removes a tag without the manifest that another tag names', async () => {
    fill()
    const { code, stdout } = await rm([`${app}:v1.0`, '--yes'])
    expect(stdout).toContain(
      'untag  shop/app:v1.0  the manifest stays: v1 names it too\nRemoved 1 tag and 0 manifests',
    )
    expect(code).toBe(0)
    expect(await tags()).not.toContain('v1.0')
    expect((await skopeo.pull(`${app}:v1`)).size).toBeGreaterThan(1)
  })

  test('removes a digest with all its tags only where that is said', async () => {
    fill()
    const image = `${app}@${shared.manifest.digest}`
    const refused = await rm([image, `${app}:v1`, '--yes'])
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain('v1.0 would go with it. Name them too, or say --all-tags\n')
    expect(await tags()).toContain('v1')
    const { code, stdout } = await rm([image, '--all-tags', '--yes', '--no-journal'])
    expect(stdout).toMatch(/evict {2}shop\/app:v1\.0 +it names sha256:[0-9a-f]{12}, which goes\n/)
    expect(stdout).toContain('Removed 2 tags and 1 manifest.\n')
    expect(code).toBe(0)
    expect(await has(shared.manifest.digest)).toBe(false)
  })

  test('S06: refuses what is in use, and says who uses it and how to force that', async () => {
    fill()
    const { code, stdout, stderr } = await rm([`${app}:used`, `${app}:old`, '--yes'])
    expect(stderr).toMatch(
      new RegExp(
        `^tallyman: shop/app:used is not removed: .*/shop/Pod/app-${version} runs it\\. If it is to go all the same: --force-in-use shop/app:used$`,
        'm',
      ),
    )
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(await tags()).toContain('old')
    const other = await rm([`${app}:used`, `${app}:old`, '--yes', '--force-in-use', 'shop/app:old'])
    expect(other.code).toBe(2)
    const forced = await rm([`${app}:used`, '--yes', '--force-in-use', 'shop/app:used'])
    expect(forced.code).toBe(0)
    expect(await has(used.manifest.digest)).toBe(false)
  })

  test('takes signatures along', async () => {
    fill()
    const { code, stdout } = await rm([`${app}:signed`, '--yes'])
    expect(stdout).toMatch(/sha256-[0-9a-f]{64}\.sig {2}it belongs to sha256:[0-9a-f]{12}, which goes\n/)
    expect(stdout).toContain('Removed 2 tags and 2 manifests')
    expect(code).toBe(0)
    expect(await skopeo.tags(app)).not.toContain(signature)
  })

  test('refuses a platform of an index that stays, and removes it with the index', async () => {
    fill()
    const refused = await rm([`${app}@${platform}`, '--yes'])
    expect(refused.stderr).toContain('is not removed: it is part of multi, which stays.\n')
    expect(refused.code).toBe(2)
    const { code, stdout } = await rm([`${app}:multi@${multi.manifest.digest}`, '--yes'])
    expect(stdout).toContain('Removed 1 tag and 3 manifests')
    expect(code).toBe(0)
    expect(await has(platform)).toBe(false)
  })

  test('says what would go, and sends nothing that writes, with --dry-run', async () => {
    fill()
    const proxy = await startFaultProxy({ upstream: registry.url })
    const { code, stdout } = await rm([`${proxy.host}/shop/app:old`, '--dry-run'])
    expect(stdout).toBe('evict  shop/app:old\n')
    expect(code).toBe(0)
    expect(proxy.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([])
    await proxy.stop()
  })

  test('removes nothing where there is no terminal to ask on', async () => {
    fill()
    const { code, stderr } = await rm([`${app}:old`])
    expect(stderr).toContain('there is no terminal to ask on. With --yes it is done without asking.')
    expect(code).toBe(2)
    expect(await tags()).toContain('old')
  })

  test('S03: a pod that is created after the clusters were read keeps its image', async () => {
    const repository = `shop/late-${version}`
    new StorageWriter(registry.storageDir).write(repository, containerImage({ seed: 'late' }), 'v1')
    const proxy = await startFaultProxy({ upstream: registry.url })
    const image = `${proxy.host}/${repository}:v1`
    // What is in use was read by then.
    const hold = proxy.hold({ path: `/v2/${repository}/tags/list` })
    const words = ['rm', image, '--yes', '-q', '--kubeconfig', cluster.adminKubeconfig]
    const running = startTallyman(words)
    await hold.arrived
    await cluster.apply([pod({ namespace: 'shop', name: `late-${version}` }, image)])
    hold.release()
    const { code, stdout } = await running.result
    expect(stdout).toContain(`evict  ${repository}:v1\n`)
    expect(code).toBe(3)
    expect((await skopeo.pull(`${registry.host}/${repository}:v1`)).size).toBeGreaterThan(1)
    await proxy.stop()
  })

  test('S16: stopped by Ctrl-C, it leaves a journal that the next call finishes', async () => {
    fill()
    const proxy = await startFaultProxy({ upstream: registry.url })
    const both = [`${proxy.host}/shop/app:v1`, `${proxy.host}/shop/app:v1.0`, '--yes']
    // Without a DELETE by name, a placeholder is written over the tags first.
    const method = version === '3' ? 'DELETE' : 'PUT'
    const hold = proxy.hold({ method, path: /\/shop\/app\/manifests\/v1/ })
    const running = startTallyman(['rm', ...both, '--kubeconfig', cluster.adminKubeconfig])
    await hold.arrived
    running.signal('SIGINT')
    hold.release()
    const { code, stderr } = await running.result
    expect(stderr).toContain('What it had begun, the next call for the same repository finishes.')
    expect(code).toBe(130)
    expect((await rm(both)).stderr).toMatch(/shop\/app: what the run rm-\S+ had begun is finished\n/)
    // Tags that went before are not there any more, and then the second call removes nothing.
    await rm([`${app}@${shared.manifest.digest}`, '--all-tags', '--yes'])
    expect(await has(shared.manifest.digest)).toBe(false)
    expect(await tags()).toEqual(['multi', 'old', 'signed', 'used'])
    await proxy.stop()
  })
})

describe('tallyman rm where the registry does not delete', () => {
  test.each([
    [
      { delete: false },
      /DELETE_UNSUPPORTED: .*deleting is switched off in the registry.*storage\.delete\.enabled: true/,
    ],
    [{ readOnly: true }, /DELETE_UNSUPPORTED: .*read-only: its maintenance mode is on/],
  ] as const)('%j: names the remedy, and removes nothing', async (options, message) => {
    const registry = await startRegistry({ version: '3', ...options })
    new StorageWriter(registry.storageDir).write('shop/app', containerImage({ seed: 'app' }), 'v1')
    const { code, stderr } = await rm([`${registry.host}/shop/app:v1`, '--yes'])
    expect(stderr).toMatch(message)
    expect(code).toBe(1)
    await registry.stop()
  })
})

describe('tallyman rm where a claim does not say what is in use', () => {
  test('S01: it removes nothing, and says whose claim it is where that is the operator of a cluster that it watches', async () => {
    const site = await startEvictionSite('3')
    site.storage.write('shop/app', containerImage({ seed: 'app' }), 'v1')
    const jsonpath = '--output=jsonpath={.metadata.uid}'
    const { stdout: installation } = await cluster.kubectl(['get', 'namespace', 'kube-system', jsonpath])
    const usage = { synced: true, trusted: false, images: [], digests: [], configs: [], pins: [] }
    const claim = async (uid: string) => {
      const holder = { installation: uid, operator: 'tallyman-system', process: 'one' }
      await new Claims(holder).write(site.direct, { ...usage, installation: uid, writtenAt: Date.now() }, {})
      return (await rm([`${site.registry.host}/shop/app:v1`, '--yes'])).stderr
    }
    const own = await claim(installation)
    expect(own).toMatch(
      /CLAIM_FOREIGN: tallyman-claims:\S+ does not say what the operator in namespace tallyman-system of tallyman-test, which is a cluster of yours, uses: Its installation does not trust what it knows \(written .*Z\)/,
    )
    expect(own).toContain('kubectl --context tallyman-test get imageinventories --all-namespaces -o wide')
    const other = await claim('0-another')
    expect(other).toContain(
      'tallyman-claims:0-another.tallyman-system does not say what that installation uses',
    )
    expect(await site.tags('shop/app')).toHaveProperty('v1')
    await site.stop()
  })
})

describe('tallyman rm with wrong input', () => {
  test.each([
    [['a.example/app'], /'a\.example\/app' is invalid\. It names no tag and no digest/],
    [['a.example/App:v1'], /'a\.example\/App:v1' is invalid\. It is no image reference/],
    [['a.example/app@sha256:12'], /is invalid\. It is no image reference/],
    [['a.example/app:v1', 'b.example/app:v1'], /the images are in a\.example and b\.example/],
    [
      ['a.example/app:v1', '--force-in-use', 'app:v2'],
      /'--force-in-use' argument 'app:v2' is invalid\. It must repeat/,
    ],
    [['a.example/app:v1', '--workspace', 'Tally'], /'--workspace <prefix>' argument 'Tally' is invalid/],
    [['a.example/app:v1', '--username', 'me'], /'--username <name>' needs '--password-stdin'/],
    [['a.example/app:v1', '--allow-missing'], /unknown option '--allow-missing'/],
    [[], /missing required argument 'image'/],
  ] as const)('%j', async (words, message) => {
    const { code, stdout, stderr } = await rm(words)
    expect(stderr).toMatch(message)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  test('says what is not there, and reads nothing of a cluster that it cannot reach', async () => {
    const registry = await startRegistry({ version: '3' })
    new StorageWriter(registry.storageDir).write('shop/app', containerImage({ seed: 'app' }), 'v1')
    const app = `${registry.host}/shop/app`
    const other = containerImage({ seed: 'other' }).manifest.digest
    const { code, stderr } = await rm([`${app}:v2`, `${app}@${other}`, `${app}:v1@${other}`, '--yes'])
    expect(stderr).toContain('shop/app:v2 is not removed: there is no such tag.\n')
    expect(stderr).toContain(`shop/app@${other} is not removed: there is no such digest.\n`)
    expect(stderr).toContain(`shop/app:v1@${other} is not removed: the tag names sha256:`)
    expect(code).toBe(2)
    const blind = await tallyman(['rm', `${app}:v1`, '--yes', '--kubeconfig', '/nowhere'])
    expect(blind.code).toBe(1)
    expect(blind.stderr).toContain('KUBE_CONFIG_INVALID')
    await registry.stop()
  })
})
