import { afterAll, beforeAll, expect, test } from 'vitest'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { damage } from '#test/harness/damage.ts'
import { evictTags } from '#test/harness/evicted.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage } from '#test/harness/images.ts'
import { tallyman } from '#test/harness/tallyman.ts'
import { namespace, registry, registryPolicy } from './support/objects.ts'

const RUN = 'web-20261126t053000-1f2e'
const LOST = 'web-20261125t053000-0a0b'
const [old, lost, kept] = ['old', 'lost', 'kept'].map((seed) => containerImage({ seed }))
const shop = (name: string) => ({ namespace: 'shop', name })

let cluster: TestCluster
let site: EvictionSite
let app: string

beforeAll(async () => {
  ;[cluster, site] = await Promise.all([borrowCluster({ crds: true }), startEvictionSite('3')])
  if (old === undefined || lost === undefined || kept === undefined) throw new Error('there are three')
  app = `${site.registry.host}/shop/app`
  const repository = 'shop/app'
  await evictTags(site, { run: LOST, repository, tags: { v0: lost, kept }, doomed: ['v0'] })
  await evictTags(site, { run: RUN, repository, tags: { v1: old, kept }, doomed: ['v1'] })
  // Its layer is the same file, whichever repository has it.
  site.storage.write('other', lost, 'v0')
  damage('layer-missing', { storageDir: site.registry.storageDir, repository: 'other', reference: 'v0' })
  await cluster.apply([namespace('shop')])
  await cluster.apply([
    registry(shop('main'), { url: site.registry.url, workspace: {} }),
    registry(shop('other'), { url: site.registry.url, workspace: { registryRef: { name: 'main' } } }),
    registryPolicy(shop('web'), { mode: 'Enforce', schedule: '61 3 * * *' }),
  ])
  const counts = { bindings: 1, untagged: 1, swept: 1, spared: 0 }
  const ended = { phase: 'Succeeded', plan: `sha256:${'a'.repeat(64)}`, finishedAt: '2026-11-26T06:00:00Z' }
  const message = 'spec.schedule: "61 3 * * *" must be a cron expression'
  const common = { message, observedGeneration: 1, lastTransitionTime: '2026-11-26T06:00:00Z' }
  const status = {
    history: [{ id: RUN, ...ended, ...counts }],
    conditions: [{ type: 'Ready', status: 'False', reason: 'SpecInvalid', ...common }],
  }
  const patch = ['--subresource', 'status', '--type', 'merge', '--patch', JSON.stringify({ status })]
  await cluster.kubectl(['patch', 'registrypolicy', 'web', '--namespace', 'shop', ...patch])
})

afterAll(async () => {
  await site?.stop()
  await cluster?.stop()
})

const why = (image: string, ...words: readonly string[]) =>
  tallyman(['why', image, '--no-ledger', '-q', '--kubeconfig', cluster.adminKubeconfig, ...words])

test('of a tag that a run took it says which run of which policy, when, and how it comes back; and that a policy that is refused does nothing', async () => {
  const { stdout, stderr, code } = await why(`${app}:v1`)
  const [, verdict, ...lines] = /\n(By RegistryPolicy [\s\S]*?)\nThis is by what/.exec(stdout) ?? []
  expect(lines).toEqual([])
  expect(verdict?.split('\n')).toEqual([
    'By RegistryPolicy shop/web of tallyman-test (Registry shop/main, mode Enforce):',
    `  The registry does not have ${app}:v1.`,
    '  Nothing is done by this policy as it stands: spec.schedule: "61 3 * * *" must be a cron expression',
    '',
    expect.stringMatching(
      `^${app}:v1 was ${old?.manifest.digest}, and was evicted on \\S+ \\S+ UTC by run ${RUN} of RegistryPolicy shop/web\\.$`,
    ),
    `It can be brought back: tallyman restore ${app}:v1`,
    '',
  ])
  expect({ stderr, code }).toEqual({ stderr: '', code: 2 })
})

test('as JSON it stands beside the verdicts, and the command that it names brings the tag back', async () => {
  const [policy] = JSON.parse((await why(`${app}:v1`, '-o', 'json')).stdout).policies
  expect(policy).toMatchObject({
    refusal: expect.stringContaining('spec.schedule'),
    departure: { run: RUN, policy: 'shop/web', tag: 'v1', missing: null, returnedAt: null },
  })
  const [, ...words] = policy.departure.wayBack.split(' ')
  expect((await tallyman(words)).code).toBe(0)
  expect(await site.tags('shop/app')).toHaveProperty('v1')
  expect(JSON.parse((await why(`${app}:v1`, '-o', 'json')).stdout).policies[0]).not.toHaveProperty(
    'departure',
  )
})

test('of one that cannot come back it says what is missing, and names the run that no policy speaks of', async () => {
  const { stdout } = await why(`${app}:v0`)
  expect(stdout).toMatch(
    new RegExp(`was evicted on .* by run ${LOST}\\.\nIt cannot be brought back, .*: blob `),
  )
})

test('of what no journal speaks of, and where journals lie elsewhere, it says that nobody knows', async () => {
  expect((await why(`${app}:v9`)).stdout).toContain(
    `Whether a run took ${app}:v9 is not known: no journal below tallyman speaks of it; they are kept for trash.retainFor of the policy.\n`,
  )
  await cluster.apply([registryPolicy(shop('else'), { registryRef: { name: 'other' } })])
  const { stdout } = await why(`${app}:v9`)
  await cluster.kubectl(['delete', 'registrypolicy', 'else', '--namespace', 'shop'])
  expect(stdout).toContain('the workspace, which lies in Registry shop/main and is not read here.\n')
})
