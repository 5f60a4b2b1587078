import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CheckReport } from '#report/check-report.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { contextsKubeconfig } from '#test/harness/cluster/contexts.ts'
import { kubeconfig } from '#test/harness/cluster/kubeconfig.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { damage } from '#test/harness/damage.ts'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { type CommandResult, startTallyman, tallyman } from '#test/harness/tallyman.ts'
import { namespace, node, pod } from './support/objects.ts'

const LOGIN = { username: 'me', password: 'secret' }
const LOG_IN = ['--username', 'me', '--password-stdin']
const MIRROR = 'mirror.example/hub'

let cluster: TestCluster
/** Contexts prod (the current one), and gone, where nobody listens. */
let config: string

beforeAll(async () => {
  cluster = await borrowCluster()
  await cluster.apply([namespace('shop-prod'), node('worker-1')])
  const files = path.join(cluster.stateDir, 'check')
  await mkdir(files)
  const stored = async (name: string, text: string) => {
    const file = path.join(files, name)
    await writeFile(file, text, { mode: 0o600 })
    return file
  }
  const gone = kubeconfig({ server: 'https://127.0.0.1:1', user: 'nobody', token: 'none' })
  const contexts = { prod: cluster.adminKubeconfig, gone: await stored('gone', gone) }
  config = await stored('config', await contextsKubeconfig(contexts))
})

afterAll(async () => {
  await cluster?.stop()
})

const versions: readonly RegistryVersion[] = ['2.8', '3']

describe.each(versions)('tallyman check, registry %s', (version) => {
  let registry: TestRegistry
  let host: string

  beforeAll(async () => {
    registry = await startRegistry({ version, auth: { kind: 'basic', ...LOGIN } })
    host = registry.host
    const writer = new StorageWriter(registry.storageDir)
    for (const name of ['cart', 'old', 'web']) {
      writer.write(`shop/${name}`, containerImage({ seed: `${name}-${version}` }), 'v1')
    }
    for (const name of ['old', 'web']) {
      const target = { storageDir: registry.storageDir, repository: `shop/${name}`, reference: 'v1' }
      damage('layer-half', target)
    }
    const place = (name: string) => ({ namespace: 'shop-prod', name: `${name}-${version}` })
    await cluster.apply([
      pod(place('web'), `${host}/shop/web:v1`),
      pod(place('cart'), `${MIRROR}/${version}/shop/cart:v1`),
    ])
  })

  afterAll(async () => {
    await registry?.stop()
  })

  const run = (words: string, password = LOGIN.password): Promise<CommandResult> =>
    tallyman(['check', host, ...words.split(' '), '--kubeconfig', config, ...LOG_IN], {}, `${password}\n`)

  test('says what of the images in use cannot be pulled, and who uses it', async () => {
    const { code, stdout, stderr } = await run('--severity *prod*=Critical')
    const user = `prod/shop-prod/Pod/web-${version}`
    expect(stdout.split('\n')).toEqual([
      `SEVERITY  PROBLEM       ${'IMAGE'.padEnd(`${host}/shop/web:v1`.length)}  USED BY`,
      `Critical  LayerDamaged  ${host}/shop/web:v1  ${user}`,
      '',
      expect.stringMatching(/^1 of 1 images cannot be pulled: 1 LayerDamaged \(\d+ images? in use of other/),
      '',
    ])
    expect(stderr).toMatch(/^prod: \d+ images? in \d+ objects\n$/)
    expect(code).toBe(2)
  })

  test('finds images that pods name otherwise by --alias, and those that nobody uses by --all', async () => {
    const alias = `--alias ${MIRROR}/${version}/shop=shop`
    const { code, stdout, stderr } = await run(`-q --all ${alias} -o json`)
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
    const report = CheckReport.parse(JSON.parse(stdout))
    expect(report).toMatchObject({
      ...{ scope: 'All', depth: 'Blobs', inventory: 'prod', severity: 'Warning' },
      registry: { name: host, url: registry.url },
      imageCounts: { total: 3, healthy: 1, unhealthy: 2, unknown: 0, inUse: 2 },
    })
    expect(report.findings.map(({ severity, image }) => [severity, image])).toEqual([
      ['Warning', `${host}/shop/web:v1`],
      ['Info', `${host}/shop/old:v1`],
    ])
    const used = report.images.filter(({ inUse }) => inUse).map(({ image }) => image)
    expect(used).toEqual([`${host}/shop/web:v1`, `${MIRROR}/${version}/shop/cart:v1`])
    const cart = await run(`-q ${alias} -r shop/cart -o csv`)
    expect(cart).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^severity,[^\r]*\r\n$/),
    })
  })

  test('looks through a repository that is named where the registry lists none', async () => {
    const proxy = await startFaultProxy({ upstream: registry.url })
    try {
      proxy.rule({ kind: 'status', status: 404 }, { path: '/v2/_catalog' })
      const front = new URL(proxy.url).host
      const words = ['--all', '--no-clusters', '--output', 'csv', ...LOG_IN]
      const ask = (place: string) => tallyman(['check', place, ...words], {}, `${LOGIN.password}\n`)
      const found = await ask(`${front}/shop/old`)
      expect([found.code, found.stdout.split('\n')[1]?.split(',').slice(0, 4)]).toEqual([
        4,
        ['Info', 'LayerDamaged', 'damaged', `${front}/shop/old:v1`],
      ])
      expect((await ask(`${front}/shop/cart`)).code).toBe(0)
      expect((await ask(`${front}/shop/nowhere`)).code).toBe(3)
      expect((await ask(front)).code).toBe(1)
    } finally {
      await proxy.stop()
    }
  })

  test('S22: is not green where nothing belongs to the registry, or a cluster is missing', async () => {
    const nothing = await run('-q -r shop/other')
    expect(nothing).toMatchObject({ code: 3, stderr: '' })
    expect(nothing.stdout).toContain(`belongs to ${host}; if pods name it otherwise, say so with --alias`)
    const refused = await run('-q --all-contexts')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/^tallyman: context gone: .*\ntallyman: nothing is printed, /)
    const left = await run(
      `-q --all-contexts --allow-missing --alias ${MIRROR}/${version}/shop=shop -r shop/cart`,
    )
    expect(left).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/^1 of 1 images are complete; what else .* is not known: gone left out/),
    })
  })

  test('tells what keeps it from looking, once, and nothing of a password', async () => {
    const wrong = await run('-q', 'hunter2')
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toMatch(/^tallyman: REGISTRY_UNAUTHORIZED: [^\n]*\n$/)
    expect(wrong.stderr).not.toContain('hunter2')
    const homeless = await tallyman(
      ['check', host, '--all', '--kubeconfig', '/nowhere', ...LOG_IN],
      {},
      LOGIN.password,
    )
    expect(homeless).toMatchObject({ code: 1, stdout: '' })
    expect(homeless.stderr).toMatch(
      /^tallyman: KUBE_CONFIG_INVALID: .*\/nowhere.*\ntallyman: With --no-clusters, the registry alone is looked at\.\n$/,
    )
    const unknown = await run('--context prd')
    expect(unknown).toMatchObject({ code: 1, stdout: '' })
    expect(unknown.stderr).toMatch(/argument 'prd' is invalid\. No context has this name .*: prod, gone\.\n$/)
  })

  test('ends at once on Ctrl-C, and prints nothing', async () => {
    const proxy = await startFaultProxy({ upstream: registry.url })
    const hold = proxy.hold({ path: /\/manifests\// })
    try {
      const running = startTallyman(
        ['check', proxy.host, '--all', '--no-clusters', ...LOG_IN],
        {},
        LOGIN.password,
      )
      await hold.arrived
      running.signal('SIGINT')
      expect(await running.result).toEqual({ code: 130, stdout: '', stderr: '' })
    } finally {
      hold.release()
      await proxy.stop()
    }
  })
})

test('tallyman check tells a port that speaks TLS from one that does not', async () => {
  const registry = await startRegistry({ version: '3', tls: true })
  try {
    const plain = await tallyman(['check', `http://${registry.host}`, '--all', '--no-clusters'])
    expect(plain).toMatchObject({ code: 1, stdout: '' })
    expect(plain.stderr).toMatch(/^tallyman: REGISTRY_[A-Z_]+: [^\n]*https:\/\/[^\n]*\n$/)
    const untrusted = await tallyman(['check', registry.host, '--all', '--no-clusters'])
    expect(untrusted).toMatchObject({ code: 1, stdout: '' })
    expect(untrusted.stderr).toMatch(/^tallyman: REGISTRY_TLS_UNTRUSTED: [^\n]*--ca-file[^\n]*\n$/)
  } finally {
    await registry.stop()
  }
})
