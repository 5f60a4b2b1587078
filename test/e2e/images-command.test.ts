import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LedgerStore } from '#clusters/ledger-store.ts'
import { ClusterMemory } from '#inventory/cluster-memory.ts'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { startTallyman, tallyman } from '#test/harness/tallyman.ts'
import { systemClock } from '#time/clock.ts'
import { imageInventory } from './support/objects.ts'
import {
  CACHED,
  DIGEST,
  IN_PROD,
  IN_STAGING,
  startTwoClusters,
  type TwoClusters,
} from './support/two-clusters.ts'

const HOUR_MS = 3_600_000
const READS = ['get', 'list', 'watch']
const [NGINX = '', ...OTHERS] = IN_PROD

let world: TwoClusters

beforeAll(async () => {
  world = await startTwoClusters()
})

afterAll(async () => {
  await world?.stop()
})

/** `tallyman` with these words, against the contexts of a kubeconfig. */
const run = (words: string, kubeconfig = world.reachable) =>
  tallyman([...words.split(' '), '--kubeconfig', kubeconfig])
/** As lines are printed. */
const lines = (...all: string[]) => all.map((line) => `${line}\n`).join('')

describe('tallyman images', () => {
  test('prints what the current context uses, sorted, and nothing else on stdout', async () => {
    const { code, stdout, stderr } = await run('images -o names')
    expect(stdout).toBe(lines(...IN_PROD))
    expect(stderr).toMatch(/^prod: 5 images in \d+ objects\n$/m)
    expect(code).toBe(0)
    execFileSync('sort', ['-c'], { input: stdout, env: { ...process.env, LC_ALL: 'C' } })
  })

  test('takes the kubeconfig of KUBECONFIG as kubectl does, and says nothing where it is told to', async () => {
    expect(await tallyman(['images', '-q', '-o', 'names'], { KUBECONFIG: world.reachable })).toEqual({
      code: 0,
      stdout: lines(...IN_PROD),
      stderr: '',
    })
  })

  test('unites contexts, and counts one cluster once', async () => {
    const { code, stdout, stderr } = await run('images --all-contexts -o json')
    expect(code).toBe(0)
    const web = { namespace: 'shop', kind: 'Deployment', name: 'web' }
    const images: { image: string }[] = JSON.parse(stdout)
    expect(images.map(({ image }) => image)).toEqual([IN_STAGING, 'nginx:1.25', ...IN_PROD.slice(1)])
    expect(images[0]).toEqual({
      ...{
        image: IN_STAGING,
        registry: 'docker.io',
        repository: 'library/nginx',
        tag: '1.25',
        digest: DIGEST,
      },
      ...{ kinds: ['template'], pods: 0, objects: 1, nodesCaching: 0, finishedOnly: false, pullFailures: 0 },
      ...{ clusters: ['staging'], namespaces: ['shop'], users: [{ cluster: 'staging', ...web }] },
      ...{ runningDigests: [], runningConfigs: [] },
    })
    expect(images[1]).toMatchObject({
      ...{ image: 'nginx:1.25', tag: '1.25', digest: null, kinds: ['pod', 'template'], pods: 2, objects: 1 },
      ...{ pullFailures: 1, clusters: ['prod'], users: [{ cluster: 'prod', ...web }] },
      runningDigests: [DIGEST],
    })
    expect(stderr).toMatch(
      /^tallyman: context prod-again is the same cluster as prod, which is counted once\.\nprod: 5 images in \d+ objects\nstaging: 1 image in 1 object\n$/m,
    )
    const named = await run('images --context prod-* --context staging')
    expect(named.code).toBe(0)
    expect(named.stderr).toMatch(/^prod-again: 5 images in \d+ objects\nstaging: 1 image in 1 object\n$/m)
  })

  test('prints those of a registry, or of a path of it, as a table', async () => {
    const width = `registry.local/cached@${CACHED}`.length
    expect(
      (await run('images -q --registry registry.local/cached --registry docker.io/library')).stdout,
    ).toBe(
      [
        `${'IMAGE'.padEnd(width)}  USED BY                   PODS  KINDS`,
        `${'nginx:1.25'.padEnd(width)}  prod/shop/Deployment/web  2     pod,template`,
        `${'registry.local/cached:1'.padEnd(width)}  (cached on 1 node)        0     node`,
        `registry.local/cached@${CACHED}  (cached on 1 node)        0     node`,
        '',
      ].join('\n'),
    )
    expect((await run('images -q --registry other.local')).stdout).toBe('IMAGE  USED BY  PODS  KINDS\n')
  })

  test('counts a pod as long as it is told to after it finished', async () => {
    const { stdout } = await run('images -q -o names --retain 33d --sources pods')
    expect(stdout).toBe(
      lines(
        NGINX,
        'registry.local/Not Legal',
        'registry.local/finished-lately:1',
        'registry.local/finished-long-ago:1',
      ),
    )
  })

  test('prints nothing where a context cannot be reached, and the others only where that is allowed', async () => {
    const refused = await run('images -q -o names --all-contexts', world.withGone)
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(
      /^tallyman: context gone: GET \/api\/v1\/namespaces\/kube-system: .*ECONNREFUSED.*\. Check the address in the kubeconfig.*\ntallyman: nothing is printed, because it would not be complete\. With --allow-missing, what can be read is printed\.\n$/,
    )
    const allowed = await run('images -q -o names --all-contexts --allow-missing', world.withGone)
    expect(allowed).toMatchObject({ code: 3, stdout: lines(NGINX, IN_STAGING, ...OTHERS) })
    expect(allowed.stderr).toMatch(/^tallyman: context gone is left out: /)
    const only = await run('images --context gone --allow-missing', world.withGone)
    expect(only).toMatchObject({ code: 1, stdout: '' })
  })

  test('tells how far it is, and prints nothing where a cluster is not read in time', async () => {
    const late =
      /^tallyman: context slow( is left out)?: It was not read within \d+ ms: jobs: not listed yet\. /m
    const refused = await whileHeld(() => run('images --all-contexts --timeout 12s', world.withSlow))
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(late) })
    expect(refused.stderr).toMatch(/^slow: \d+\/\d+ kinds, \d+ objects? so far$/m)
    const partly = await whileHeld(() =>
      run('images -q -o names --all-contexts --timeout 20s --allow-missing', world.withSlow),
    )
    expect(partly).toMatchObject({ code: 3, stdout: lines(...IN_PROD), stderr: expect.stringMatching(late) })
  })

  test('ends at once on Ctrl-C, and prints nothing', async () => {
    const ended = await whileHeld(async (held) => {
      const running = startTallyman(['images', '-q', '--all-contexts', '--kubeconfig', world.withSlow])
      await held
      running.signal('SIGINT')
      return await running.result
    })
    expect(ended).toEqual({ code: 130, stdout: '', stderr: '' })
  })

  test('prints nothing where something may not be read, and can be asked for less', async () => {
    const file = await world.limited('pods-only', [{ apiGroups: [''], resources: ['pods'], verbs: READS }])
    const refused = await run('images', file)
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(
      /^tallyman: context tallyman-test: Its user may not list and watch .*deployments.* in all namespaces\. Grant it, or ask for less with --sources\.$/m,
    )
    const pods = await run('images -q --sources pods -o names', file)
    expect(pods).toEqual({
      code: 0,
      stdout: lines(NGINX, 'registry.local/Not Legal', 'registry.local/finished-lately:1'),
      stderr: '',
    })
  })

  test('refuses what it does not know, with what there is', async () => {
    expect(await run('images --context prd')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        "error: option '--context <name>' argument 'prd' is invalid. No context has this name or matches it. The kubeconfig has: prod, prod-again, staging.\n",
    })
    const absent = await run('images --all-contexts', '/nowhere')
    expect(absent).toMatchObject({ code: 1, stdout: '' })
    expect(absent.stderr).toMatch(/^tallyman: KUBE_CONFIG_INVALID: .*\/nowhere/)
  })
})

describe('tallyman why', () => {
  test('names who uses an image, in every cluster', async () => {
    const { code, stdout, stderr } = await run(
      'why nginx:1.25 -q --no-ledger --context prod --context staging',
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(
      [
        'docker.io/library/nginx:1.25 is in use in 2 of 2 clusters.',
        '',
        'prod',
        '  shop/Deployment/web',
        '    pod       web-7bfb4bc78d-bbbbb  -  Pending, ImagePullBackOff  as nginx:1.25',
        '    pod       web-7bfb4bc78d-aaaaa  -  Running                    as nginx:1.25',
        '    template  1 object                                            as nginx:1.25',
        '',
        'staging',
        '  shop/Deployment/web',
        `    template  1 object      as ${IN_STAGING}`,
        '',
        'This is what uses it now; no memory of earlier use was read.',
        '',
      ].join('\n'),
    )
  })

  test('finds a digest that runs, is named or is cached, whatever the repository (S06)', async () => {
    const running = await run(`why ${DIGEST} -q --context prod --context staging -o json`)
    const report: { inUse: string; users: { cluster: string; workloads: { use: string }[] }[] } = JSON.parse(
      running.stdout,
    )
    expect(report.users.map(({ cluster, workloads }) => [cluster, workloads.map(({ use }) => use)])).toEqual([
      ['prod', ['pod']],
      ['staging', ['template']],
    ])
    const cached = await run(`why ${CACHED} -q --no-ledger`)
    expect(cached).toMatchObject({ code: 0 })
    expect(cached.stdout).toBe(
      `${CACHED} is in use in 1 of 1 cluster.\n\nprod\n  cached on 1 node: worker-1\n\nThis is what uses it now; no memory of earlier use was read.\n`,
    )
  })

  test('says that nothing uses an image, by its exit code as well', async () => {
    expect(await run('why nginx:1.26 -q --no-ledger')).toEqual({
      code: 2,
      stdout:
        'docker.io/library/nginx:1.26 is not in use in prod.\n\nThis is what uses it now; no memory of earlier use was read.\n',
      stderr: '',
    })
    const left = '-q --all-contexts --allow-missing'
    expect(await run(`why nginx:1.26 ${left}`, world.withGone)).toMatchObject({ code: 3 })
    expect(await run(`why nginx:1.25 ${left}`, world.withGone)).toMatchObject({ code: 0 })
  })

  test('adds what the operator remembers, where it may be read', async () => {
    await world.prod.apply([imageInventory({ namespace: 'shop', name: 'all' })])
    const connection = await connect({ kubeconfig: world.prod.adminKubeconfig, clock: systemClock })
    try {
      await remember(new KubeClient(connection))
    } finally {
      await connection.close()
    }
    expect((await run('why nginx:1.24 -q')).stdout).toBe(
      [
        'docker.io/library/nginx:1.24 is not in use in prod.',
        '',
        'Remembered by ImageInventory shop/all, to the hour:',
        '  prod  nginx:1.24  first seen 2026-01-02 03:00 UTC  last seen 2026-01-05 03:00 UTC  by shop/Deployment/web',
        '',
      ].join('\n'),
    )
    expect((await run('why nginx:1.23 -q')).stdout).toContain('No ledger remembers it.\n')
    for (const elsewhere of ['--inventory shop/other', '--ledger-namespace shop']) {
      const { stdout, stderr } = await run(`why nginx:1.24 -q ${elsewhere}`)
      expect(stdout).toContain('no memory of earlier use was read.\n')
      expect(stderr).toMatch(/^tallyman: namespace \S+ has no ledger of the ImageInventory shop\/\w+\. /)
    }
    const reader = await world.limited('reader', [
      { apiGroups: ['', 'apps', 'batch'], resources: ['*'], verbs: ['list', 'watch'] },
      { apiGroups: ['tallyman.dev'], resources: ['*'], verbs: READS },
    ])
    const refused = await run('why nginx:1.24 -q', reader)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(
      /^tallyman: the memory of the operator was not read: GET \/api\/v1\/namespaces\/tallyman-system\/configmaps\/tallyman-ledger-.*: 403 Forbidden /,
    )
    expect(refused.stdout).toContain('no memory of earlier use was read.\n')
  })
})

/** @param work is given when a request that lists staging has arrived; it is held until `work` has ended */
async function whileHeld<T>(work: (held: Promise<unknown>) => Promise<T>): Promise<T> {
  const hold = world.proxy.hold({ path: '/apis/batch/v1/jobs' })
  try {
    return await work(hold.arrived)
  } finally {
    hold.release()
  }
}

/** The ledger of shop/all as the operator would write it. */
async function remember(client: KubeClient): Promise<void> {
  const fence = { requestTimeoutMs: 10_000, assertLeader: () => undefined }
  const store = new LedgerStore({
    client,
    fence,
    namespace: 'tallyman-system',
    inventory: 'shop/all',
    log: silentLog,
  })
  const memory = ClusterMemory.of('uid-of-prod', 'prod')
  const sight = { image: 'nginx:1.24', digests: [], configs: [], users: ['shop/Deployment/web'] }
  const first = Date.UTC(2026, 0, 2, 3)
  for (const monotonic of [0, 72 * HOUR_MS]) {
    const now = { wall: first + monotonic, monotonic }
    memory.watched.tick(true, now)
    memory.see(sight, now)
  }
  await store.load(new AbortController().signal)
  await store.save(
    [memory],
    new Map([['uid-of-prod', new Set(['nginx:1.24'])]]),
    { id: 'which-ledger', since: first },
    new AbortController().signal,
  )
}
