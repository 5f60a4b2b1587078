import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { imageInventory, registry, registryCheck, registryPolicy } from './support/objects.ts'
import { REFUSED_CHECKS, REFUSED_POLICIES, REFUSED_REGISTRIES } from './support/refused-specs.ts'

// No operator runs here: all of this the API server does by itself, with the CRDs.

let cluster: TestCluster

beforeAll(async () => {
  cluster = await borrowCluster({ crds: true })
})

afterAll(async () => {
  await cluster.stop()
})

const URL_ = 'https://registry.example.com'
const REFS = { registryRef: { name: 'main' }, inventoryRef: { name: 'all' } }
const in_ = (name: string) => ({ namespace: cluster.namespace, name })
let objects = 0
const nextName = () => `object-${++objects}`

const registryOf = (spec: object) => registry(in_(nextName()), spec)
/** With exactly this spec, without what registryCheck and registryPolicy add. */
const checkOf = (spec: object) => ({ ...registryCheck(in_(nextName())), spec })
const policyOf = (spec: object) => ({ ...registryPolicy(in_(nextName())), spec })
const RULES = [{ name: 'all', repositories: ['**'], keep: { newest: 3 } }]

/** What kubectl says when it refuses, without the name of the object and what the API server adds to every schema error. */
async function refusal(object: object): Promise<string> {
  const applied = await cluster.kubectl(['apply', '-f', '-'], {
    input: JSON.stringify(object),
    allowFailure: true,
  })
  expect(applied).toMatchObject({ code: 1, stdout: '' })
  return applied.stderr
    .split('\n')
    .filter((line) => !line.includes('some validation rules were not checked'))
    .join('\n')
    .replace(/^The \w+ "[^"]*" is invalid: *\n?/, '')
    .replace(/^Error from server \(BadRequest\): .* cannot be handled as an? \w+: /, '')
    .replace(/^\* /gm, '')
    .trim()
}

async function stored(kind: string, object: object): Promise<Record<string, unknown>> {
  const { stdout } = await cluster.kubectl(['apply', '-o', 'json', '-f', '-'], {
    input: JSON.stringify(object),
  })
  const result: unknown = JSON.parse(stdout)
  expect(result).toMatchObject({ kind })
  return Object.fromEntries(Object.entries(result ?? {}))
}

const serviceRef = { name: 'registry', port: 5000 }

describe.concurrent('a Registry is refused', () => {
  test.for(REFUSED_REGISTRIES)('%s', async ([, spec, message]) => {
    expect(await refusal(registryOf(spec))).toBe(message)
  })
})

describe.concurrent('a RegistryCheck is refused', () => {
  test.for(REFUSED_CHECKS)('%s', async ([, spec, message]) => {
    expect(await refusal(checkOf(spec))).toBe(message)
  })
})

describe.concurrent('a RegistryPolicy is refused', () => {
  test.for(REFUSED_POLICIES)('%s', async ([, spec, message]) => {
    expect(await refusal(policyOf(spec))).toBe(message)
  })
})

describe('without a spec', () => {
  test.for(['Registry', 'ImageInventory', 'RegistryCheck', 'RegistryPolicy'])(
    'no %s is accepted',
    async (kind) => {
      const { apiVersion, metadata } = { apiVersion: 'tallyman.dev/v1alpha1', metadata: in_(nextName()) }
      expect(await refusal({ apiVersion, kind, metadata })).toBe('spec: Required value')
    },
  )
})

describe('what is accepted', () => {
  test('a Registry of a url has its defaults written out', async () => {
    expect(await stored('Registry', registryOf({ url: URL_ }))).toMatchObject({
      spec: {
        url: URL_,
        interval: '5m',
        timeout: '30s',
        limits: { concurrency: 8 },
        anchorInUse: 'None',
        pullThrough: false,
        suspend: false,
      },
    })
  })

  test('a Registry that is deleted from has how written out', async () => {
    const object = registryOf({ url: URL_, workspace: {}, deletion: {} })
    expect(await stored('Registry', object)).toMatchObject({
      spec: { workspace: { prefix: 'tallyman' }, deletion: { placeholder: 'Auto', requestLimit: '60s' } },
    })
  })

  test('so has one of a Service with a CA', async () => {
    const object = registryOf({ serviceRef, caRef: { name: 'ca' } })
    expect(await stored('Registry', object)).toMatchObject({
      spec: {
        serviceRef: { ...serviceRef, scheme: 'https' },
        caRef: { kind: 'Secret', name: 'ca', key: 'ca.crt' },
      },
    })
  })

  test.for([
    'https://registry.example.com:5000',
    'http://10.0.0.1:5000',
    'https://[::1]:5000',
    'https://example.com/team/a',
  ])('the url %s', async (url) => {
    expect(await stored('Registry', registryOf({ url }))).toMatchObject({ spec: { url } })
  })

  test('a RegistryCheck of two references has scope, depth and timeout, and the operator decides on the interval', async () => {
    const { spec } = await stored('RegistryCheck', checkOf(REFS))
    expect(spec).toEqual({
      ...REFS,
      ...{
        scope: 'InUse',
        depth: 'Blobs',
        evidenceMaxAge: '6h',
        platforms: 'All',
        credentials: 'Registry',
        referrers: false,
        referrerSeverity: 'Info',
        timeout: '1h',
        imageMetrics: false,
        suspend: false,
      },
    })
  })

  test.for(['0 3 * * *', '@daily', ' 0 3  L * * '])(
    'a RegistryCheck with only the schedule %s, which gets no interval beside it',
    async (schedule) => {
      const object = checkOf({ ...REFS, schedule, timeZone: 'Europe/Oslo' })
      const { spec } = await stored('RegistryCheck', object)
      expect(spec).toMatchObject({ schedule, timeZone: 'Europe/Oslo' })
      expect(spec).not.toHaveProperty('interval')
    },
  )

  test('a RegistryPolicy deletes nothing unless it says so, and the operator decides on the interval', async () => {
    const { spec } = await stored('RegistryPolicy', policyOf({ ...REFS, rules: RULES }))
    expect(spec).toEqual({
      ...{ ...REFS, rules: RULES },
      mode: 'DryRun',
      approvalValidFor: '72h',
      soak: '24h',
      onEvict: 'Trash',
      trash: { retainFor: '31d', gcWindow: '24h' },
      evictDamaged: false,
      limits: { maxEvictions: 5000, maxEvictionPercent: 50, minImagesInUse: 10 },
      maxDuration: '6h',
      suspend: false,
    })
  })

  test('a RegistryPolicy that says one limit keeps the others', async () => {
    const said = { limits: { minImagesInUse: 1 }, trash: { gcWindow: '2h' } }
    expect(await stored('RegistryPolicy', policyOf({ ...REFS, rules: RULES, ...said }))).toMatchObject({
      spec: {
        limits: { maxEvictions: 5000, maxEvictionPercent: 50, minImagesInUse: 1 },
        trash: { retainFor: '31d', gcWindow: '2h' },
      },
    })
  })

  test.for(['Approve', 'Enforce'])('an approval with the mode %s', async (mode) => {
    const approvedPlan = `sha256:${'0'.repeat(64)}`
    const object = policyOf({ ...REFS, rules: RULES, mode, approvedPlan })
    expect(await stored('RegistryPolicy', object)).toMatchObject({ spec: { mode, approvedPlan } })
  })

  test.for(['90s', '1h30m', '36h', '2w', '1s', '1500ms', '0h1m', '1m500ms', '10m', '999999w'])(
    'the interval %s',
    async (interval) => {
      expect(await stored('RegistryCheck', checkOf({ ...REFS, interval }))).toMatchObject({
        spec: { interval },
      })
    },
  )

  test('a timeout below 1s', async () => {
    expect(await stored('RegistryCheck', checkOf({ ...REFS, timeout: '500ms' }))).toMatchObject({
      spec: { timeout: '500ms' },
    })
  })

  test('every kind starts as not observed, so that kstatus does not take it for finished', async () => {
    const all = [
      ['Registry', registryOf({ url: URL_ })],
      ['ImageInventory', imageInventory(in_(nextName()))],
      ['RegistryCheck', checkOf(REFS)],
      ['RegistryPolicy', policyOf({ ...REFS, rules: RULES })],
    ] as const
    for (const [kind, object] of all) {
      expect(await stored(kind, object)).toMatchObject({ status: { observedGeneration: -1 } })
    }
  })
})

describe('what users are told to write is accepted', () => {
  const root = path.join(import.meta.dirname, '../..')
  const files = ['README.md', ...list('docs', '.md'), ...list('config/samples', '.yaml')]

  function list(directory: string, extension: string): string[] {
    return readdirSync(path.join(root, directory))
      .filter((name) => name.endsWith(extension) && name !== 'kustomization.yaml')
      .map((name) => `${directory}/${name}`)
  }

  /** A file of YAML, or the fenced blocks of a page that hold whole objects. */
  function objectsIn(file: string): string[] {
    const text = readFileSync(path.join(root, file), 'utf8')
    if (file.endsWith('.yaml')) return [text]
    const blocks = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block = '']) => block)
    return blocks.filter((block) => block.startsWith('apiVersion:'))
  }

  test.for(files.filter((file) => objectsIn(file).length > 0))('in %s', async (file) => {
    for (const objects of objectsIn(file)) {
      const args = ['apply', '--dry-run=server', '-n', cluster.namespace, '-f', '-']
      const applied = await cluster.kubectl(args, { input: objects, allowFailure: true })
      expect(applied).toMatchObject({ code: 0, stderr: '' })
    }
  })
})

describe('what kubectl shows', () => {
  beforeAll(async () => {
    await cluster.apply([
      registry(in_('shown'), { url: URL_ }),
      imageInventory(in_('shown')),
      registryCheck(in_('shown')),
      registryPolicy(in_('shown')),
    ])
  })

  const columns: readonly (readonly [name: string, narrow: string, wide: string])[] = [
    ['registries', 'NAME URL REACHABLE READY AGE', 'NAME URL REACHABLE READY PRODUCT MESSAGE AGE'],
    [
      'imageinventories',
      'NAME CLUSTERS SYNCED IMAGES COVERAGE AGE',
      'NAME CLUSTERS SYNCED IMAGES COVERAGE TRUSTED REMEMBERED PODS READY MESSAGE AGE',
    ],
    [
      'registrychecks',
      'NAME REGISTRY SCOPE IMAGES UNHEALTHY SEVERITY LAST-CHECK HEALTHY',
      'NAME REGISTRY SCOPE IMAGES UNHEALTHY SEVERITY LAST-CHECK HEALTHY MESSAGE',
    ],
    [
      'registrypolicies',
      'NAME REGISTRY MODE TAGS EVICT RECLAIM PLAN-READY APPROVAL RUN AGE',
      'NAME REGISTRY MODE TAGS EVICT RECLAIM PLAN-READY APPROVAL RUN UNTAG PLAN NEXT-PLAN SUSPENDED MESSAGE APPROVAL-MESSAGE AGE',
    ],
  ]
  test.for(columns)('the columns of %s', async ([plural, narrow, wide]) => {
    const get = ['get', plural, 'shown', '-n', cluster.namespace]
    const header = async (args: readonly string[]) =>
      (await cluster.kubectl(args)).stdout.split('\n')[0]?.trim().split(/ +/).join(' ')
    expect(await header(get)).toBe(narrow)
    expect(await header([...get, '-o', 'wide'])).toBe(wide)
  })

  test('each kind by its short name, and all of them by the category', async () => {
    const names = async (what: string) => {
      const { stdout } = await cluster.kubectl(['get', what, '-n', cluster.namespace, '-o', 'name'])
      return stdout.split('\n').filter((line) => line.endsWith('/shown'))
    }
    const shortNames = ['reg', 'inv', 'regcheck', 'regpol']
    const [reg, inv, regcheck, regpol] = await Promise.all(shortNames.map(names))
    expect(reg).toEqual(['registry.tallyman.dev/shown'])
    expect(inv).toEqual(['imageinventory.tallyman.dev/shown'])
    expect(regcheck).toEqual(['registrycheck.tallyman.dev/shown'])
    expect(regpol).toEqual(['registrypolicy.tallyman.dev/shown'])
    expect((await names('tallyman')).sort()).toEqual([reg, inv, regcheck, regpol].flat().sort())
  })

  const explained: readonly (readonly [field: string, text: string])[] = [
    ['registry', 'Where a container registry is and how to speak to it.'],
    ['registry.spec.aliases', 'Every other name that pods use for this registry'],
    ['imageinventory.status.unmatchedHosts', 'Hosts of images in use that no Registry'],
    [
      'registrycheck.spec.interval',
      'Time between the starts of two runs. Without interval and schedule: 15m. A duration with units ms, s, m, h, d, w.',
    ],
    ['registry.spec.deletion.placeholder', 'Whether a placeholder may be written over tags that go'],
    ['registrypolicy', 'plan, approve, evict, undo. Never an image in use.'],
    ['registrypolicy.spec.mode', 'DryRun: make plans, delete nothing; needs the right to pull.'],
    [
      'registrypolicy.spec.rules.keep.beforeInUse',
      'That many digests before each one in use, in its stream.',
    ],
    ['registrypolicy.status.plan.digest', 'It is what spec.approvedPlan names'],
  ]
  test.for(explained)('our words for %s', async ([field, text]) => {
    const { stdout } = await cluster.kubectl(['explain', field])
    expect(stdout.replace(/\s+/g, ' ')).toContain(text)
  })
})
