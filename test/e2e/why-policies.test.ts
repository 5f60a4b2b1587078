import { afterAll, beforeAll, expect, test } from 'vitest'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { RegistryClient } from '#registry/client.ts'
import { RegistryPool } from '#registry/pool.ts'
import { keepPlan, planRepository } from '#report/kept-plans.ts'
import { packPlan } from '#report/packed-plan.ts'
import { reason } from '#retention/reasons.ts'
import { rulesHash } from '#retention/rules-hash.ts'
import type { Verdict } from '#retention/verdict.ts'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { policyPlan } from '#test/harness/policy-plan.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { READ_AT } from '#test/harness/registry-facts.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { tallyman } from '#test/harness/tallyman.ts'
import { systemClock } from '#time/clock.ts'
import { pod, registry as registryObject, registryPolicy } from './support/objects.ts'
import { startTwoClusters, type TwoClusters } from './support/two-clusters.ts'

const images = [1, 2, 3].map((day) =>
  containerImage({ seed: `app ${day}`, created: `2026-0${day}-01T00:00:00Z` }),
)
const shop = (name: string) => ({ namespace: 'shop', name })
const newest = [{ name: 'newest-two', repositories: ['shop/**'], keep: { newest: 2 } }]
const tagged = [{ name: 'releases', repositories: ['**'], keep: { tags: ['v1'] } }]
const READS = ['get', 'list', 'watch']

let world: TwoClusters
let registry: TestRegistry
let app: string
let client: RegistryClient
let closePool: () => Promise<void>

beforeAll(async () => {
  ;[world, registry] = await Promise.all([startTwoClusters(), startRegistry({ version: '3' })])
  app = `${registry.host}/shop/app`
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  client = pool.client({ url: registry.url, limits: { concurrency: 8 } })
  closePool = () => pool.close()
  const writer = new StorageWriter(registry.storageDir)
  for (const [at, image] of images.entries()) writer.write('shop/app', image, `v${at + 1}`)
  const aliases = [{ host: 'cache.example.com', prefix: 'hub', replaceWith: 'shop' }]
  await world.prod.apply([
    pod(shop('app'), `${app}:v2`),
    registryObject(shop('main'), { url: registry.url, aliases }),
    registryObject(shop('elsewhere'), { url: 'https://registry.example.com' }),
    registryObject(shop('plain'), { url: 'http://registry.example.net' }),
    registryPolicy(shop('by-age'), { mode: 'Approve', suspend: true, rules: newest }),
    registryPolicy(shop('by-name'), { rules: tagged }),
    registryPolicy(shop('elsewhere'), { registryRef: { name: 'elsewhere' } }),
    registryPolicy(shop('plain'), { registryRef: { name: 'plain' } }),
  ])
})

afterAll(async () => {
  await closePool?.()
  await registry?.stop()
  await world?.stop()
})

const status = (said: object) =>
  world.prod.kubectl(
    [
      'patch',
      'registrypolicy',
      'kept',
      '--namespace',
      'shop',
      '--subresource',
      'status',
      '--type',
      'merge',
    ].concat('--patch', JSON.stringify({ status: said })),
  )

/** Keeps a plan in the workspace, as the operator does. @returns what the status says of it */
async function keptPlan(verdicts: readonly Verdict[]) {
  const get = async (kind: string) =>
    JSON.parse(
      (await world.prod.kubectl(['get', kind, 'kept', '--namespace', 'shop', '--output', 'json'])).stdout,
    )
  const [policy, held] = [await get('registrypolicy'), await get('registry')]
  const { uid, generation } = policy.metadata
  const sample = await policyPlan({
    repositories: [{ name: 'shop/app', verdicts }],
    ...{ uid, names: { namespace: 'shop', name: 'kept', url: registry.url } },
  })
  const document = {
    ...{ ...sample, rules: rulesHash(RegistryPolicySpec.parse(policy.spec).rules) },
    registry: { ...sample.registry, uid: held.metadata.uid },
  }
  const repository = planRepository('tallyman', 'shop', 'kept')
  const signal = new AbortController().signal
  const { digest } = await keepPlan(client, repository, await packPlan(document), 1, { signal })
  const time = document.readAt
  const { repositories, tags, keep, untag, evict, digests, unreferencedBytes } = document.summary
  const plan = {
    ...{ digest: document.digest, time, repositories, tags, keep, untag, evict, digests },
    ...{
      reclaimableBytes: unreferencedBytes,
      reclaimable: '',
      report: { reference: `${registry.host}/${repository}@${digest}`, time },
    },
  }
  const ready = { type: 'PlanReady', status: 'True', reason: 'Planned', message: '' }
  const conditions = [{ ...ready, observedGeneration: generation, lastTransitionTime: time }]
  await status({ plan, conditions })
  return plan
}

const why = (image: string, words = '-q', kubeconfig = world.reachable) =>
  tallyman(['why', image, '--no-ledger', '--kubeconfig', kubeconfig, ...words.split(' ')])

test('without rules it gives the verdict of each RegistryPolicy about the registry of the image', async () => {
  const unused = await why(`${app}:v1`)
  expect(unused).toEqual({
    code: 2,
    stdout: [
      `${app}:v1 is not in use in prod.`,
      '',
      'This is what uses it now; no memory of earlier use was read.',
      '',
      'By RegistryPolicy shop/by-age of prod (Registry shop/main, mode Approve, suspended):',
      '  shop/app:v1  may be evicted: 2 newer digests  by rule newest-two',
      '  That is not certain: its operator remembers more, and may keep it. What its plan says is not known here: it has made no plan yet.',
      '',
      'By RegistryPolicy shop/by-name of prod (Registry shop/main, mode DryRun):',
      '  shop/app:v1  kept: its rule keeps tags like v1  by rule releases',
      '',
      'This is by what is in use now in these clusters. The policy counts what only its operator knows too: earlier use, when a tag was moved, pins, what was brought back.',
      '',
    ].join('\n'),
    stderr: '',
  })
  const used = await why(`${app}:v2`)
  expect(used.stdout.match(/ {2}shop\/app:v2 {2}kept: prod\/shop\/Pod\/app runs it/g)).toHaveLength(2)
  expect(used.code).toBe(0)
})

test('as JSON they stand beside what rules that are given say', async () => {
  const { verdicts, policies } = JSON.parse((await why(`${app}:v1`, '-q -o json')).stdout)
  expect(verdicts).toBeNull()
  const common = { cluster: 'prod', registry: 'shop/main' }
  expect(policies).toEqual([
    {
      ...{ ...common, policy: 'shop/by-age', mode: 'Approve', suspended: true },
      verdicts: [
        expect.objectContaining({ tag: 'v1', action: 'evict', rule: 'newest-two', plannedAt: null }),
      ],
      plan: { unknown: 'it has made no plan yet' },
    },
    {
      ...{ ...common, policy: 'shop/by-name', mode: 'DryRun', suspended: false },
      verdicts: [expect.objectContaining({ tag: 'v1', action: 'keep', code: 'KeepTag', plannedAt: null })],
      plan: { unknown: 'it has made no plan yet' },
    },
  ])
})

test('rules that are given count alone', async () => {
  const { stdout } = await why(`${app}:v1`, '-q --keep-newest 3')
  expect(stdout).toContain('By the rules:\n')
  expect(stdout).not.toContain('RegistryPolicy')
})

test('it finds the policy of a Registry that has another name for the host, and what is not there', async () => {
  const { stdout, stderr } = await why('cache.example.com/hub/app:v1')
  expect(stdout).toContain('  shop/app:v1  may be evicted: 2 newer digests  by rule newest-two\n')
  expect(stderr).toBe('')
  const image = 'cache.example.com/hub/app:v9'
  expect((await why(image)).stdout).toContain(`:\n  The registry does not have ${image}.\n`)
})

test('it only reads, and reads a repository once for all policies', async () => {
  const proxy = await startFaultProxy({ upstream: registry.url })
  await world.prod.apply([
    registryObject(shop('proxied'), { url: proxy.url }),
    registryPolicy(shop('proxied-1'), { registryRef: { name: 'proxied' } }),
    registryPolicy(shop('proxied-2'), { registryRef: { name: 'proxied' } }),
  ])
  const { stdout } = await why(`${proxy.host}/shop/app:v1`)
  expect(stdout.match(/may be evicted: 2 newer digests/g)).toHaveLength(2)
  expect(proxy.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([])
  const lists = proxy.requests.filter(({ path }) => path.startsWith('/v2/shop/app/tags/list'))
  expect(lists).toHaveLength(1)
  await proxy.stop()
})

test('it says what the last plan of a policy says, which remembers more, and only that as certain', async () => {
  await world.prod.apply([
    registryObject(shop('kept'), {
      url: registry.url,
      aliases: [{ host: 'kept.example.com' }],
      workspace: {},
    }),
    registryPolicy(shop('kept'), { registryRef: { name: 'kept' }, mode: 'Approve', rules: newest }),
  ])
  const digest = images[0]?.manifest.digest
  const verdict = { tag: 'v1', digest, rule: 'newest-two' }
  const policy = await keptPlan([{ ...verdict, action: 'keep', reason: reason('Restored', '', 0, READ_AT) }])
  const kept = () => why('kept.example.com/shop/app:v1')
  const young = await kept()
  expect(young.stdout).toContain(
    '  shop/app:v1  kept: it was restored, and stays until 2026-11-01  by rule newest-two  as its plan of 2026-11-01 00:00 UTC says\n',
  )
  expect(young.stdout).not.toContain('This is by what is in use now in these clusters')
  await keptPlan([{ ...verdict, action: 'evict', reason: reason('Superseded', '', 7) }])
  expect((await kept()).stdout).toContain(
    '  shop/app:v1  evict: 7 newer digests  by rule newest-two  as its plan of 2026-11-01 00:00 UTC says\n',
  )
  // Who may not read the workspace goes by the status, where that names all that goes.
  const lost = { ...policy, report: { reference: `x@sha256:${'0'.repeat(64)}`, time: policy.time } }
  await status({ plan: { ...lost, evict: 0 }, evictions: [] })
  expect((await kept()).stdout).toContain(
    '  shop/app:v1  kept: its last plan does not let go of it  as its plan of',
  )
  await status({ plan: { ...lost, evict: 1 }, evictions: [] })
  expect((await kept()).stdout).toMatch(
    / {2}shop\/app:v1 {2}may be evicted: 2 newer digests .*\n.*is not known here: there is no tallyman\/plans\/shop\/kept@sha256:0{64} any more\.\n/,
  )
  await keptPlan([{ ...verdict, action: 'evict', reason: reason('Superseded', '', 7) }])
  const other = [{ ...newest[0], name: 'renamed' }]
  await world.prod.apply([registryPolicy(shop('kept'), { registryRef: { name: 'kept' }, rules: other })])
  expect((await kept()).stdout).toContain('is not known here: its last one is by rules that it had before.\n')
  await world.prod.kubectl(['delete', 'registrypolicy/kept', 'registry/kept', '--namespace', 'shop'])
})

test.each([
  ['registry.local/app:1', '', /no RegistryPolicy of prod is about registry\.local\.$/],
  [
    'registry.local/app:1',
    '--context staging',
    /staging has no RegistryPolicies, as the kind is not installed\.$/,
  ],
  ['registry.local/app:1', '--no-policies', /whether it stays is not looked at \(--rules, .*\)\.$/],
  [`sha256:${'a'.repeat(64)}`, '', /a digest alone names no registry\.$/],
])('of %s with %j it says in a line why there is no verdict', async (image, words, line) => {
  const asked = words === '' ? '--sources pods' : `--sources pods ${words}`
  const { stdout, stderr, code } = await why(image, asked)
  const notes = stderr.split('\n').filter((each) => each.startsWith('tallyman: '))
  expect(notes).toEqual([expect.stringMatching(line)])
  expect(notes[0]).toMatch(/^tallyman: No rules were given: whether it stays is not looked at/)
  expect(stdout).toContain('is not in use in ')
  expect(code).toBe(2)
})

test('told to be quiet, it says nothing of that', async () => {
  expect((await why('registry.local/app:1', '-q --sources pods')).stderr).toBe('')
})

test('a user who may not read policies is told so, and told who uses the image all the same', async () => {
  const podReader = await world.limited('pod-reader', [
    { apiGroups: [''], resources: ['pods'], verbs: READS },
    { apiGroups: ['tallyman.dev'], resources: ['registrypolicies'], verbs: READS },
  ])
  const { stdout, stderr, code } = await why(`${app}:v2`, '-q --sources pods', podReader)
  expect(stderr).toMatch(
    /^tallyman: No rules were given: .*; the user of tallyman-test may not list RegistryPolicies and Registries in all namespaces, as the ClusterRole tallyman-viewer allows\.\n$/,
  )
  expect(stdout).toContain(`${app}:v2 is in use in 1 of 1 cluster.\n`)
  expect(code).toBe(0)
})

test('where the registry does not answer, it says so in a line, and who uses the image', async () => {
  await registry.down()
  const { stdout, stderr, code } = await why(`${app}:v2`)
  await registry.up()
  expect(stderr).toMatch(
    /^tallyman: whether it stays by RegistryPolicy shop\/by-age of prod and shop\/by-name of prod is not said: REGISTRY_UNREACHABLE: .*\n$/,
  )
  expect(stdout).toContain(`${app}:v2 is in use in 1 of 1 cluster.\n`)
  expect(code).toBe(0)
})

test('no object of a cluster makes it send credentials without TLS, or the password elsewhere', async () => {
  const plain = await why('registry.example.net/app:1')
  expect(plain.stderr).toContain(
    'is not said: Registry shop/plain is at http://registry.example.net, without TLS: it is asked with --plain-http\n',
  )
  const elsewhere = await tallyman(
    ['why', 'cache.example.com/hub/app:v1', '--no-ledger', '-q', '--kubeconfig', world.reachable].concat(
      '--username=me',
      '--password-stdin',
    ),
    {},
    'secret',
  )
  expect(elsewhere.stderr).toContain(
    `is not said: Registry shop/main is at ${registry.host}, and --username is for cache.example.com\n`,
  )
  expect(elsewhere.code).toBe(2)
})

test('a policy that cannot be applied is told beside the verdicts of the others', async () => {
  const rules = [{ name: 'a', repositories: ['**'], keep: { tags: ['v[0-9]'] } }]
  await world.prod.apply([registryPolicy(shop('wrong'), { rules })])
  const { stdout, stderr } = await why(`${app}:v1`)
  await world.prod.kubectl(['delete', 'registrypolicy', 'wrong', '--namespace', 'shop'])
  expect(stderr).toMatch(
    /^tallyman: RegistryPolicy shop\/wrong of prod cannot be applied: spec\.rules\[0\]\.keep\.tags\[0\]: "v\[0-9\]" matches no tag, .*\n$/,
  )
  expect(stdout).toContain('By RegistryPolicy shop/by-age of prod')
})
