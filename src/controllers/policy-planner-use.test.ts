import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Planning, type PlanningInput, planPolicy } from '#controllers/policy-planner.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { claimOf, type UsageClaim } from '#inventory/claim.ts'
import { compilePins } from '#inventory/pins.ts'
import type { ImageUse, InventorySnapshot } from '#inventory/snapshot.ts'
import { RegistryPool } from '#registry/pool.ts'
import { compileRules } from '#retention/compiled-rule.ts'
import type { RegistryMemory } from '#retention/registry-memory.ts'
import { type FaultProxy, registryError, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { containerImage, cosignSignature, cosignTag, multiPlatformImage } from '#test/harness/images.ts'
import { codes, HOST, NEWEST } from '#test/harness/judging.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

const NEW = containerImage({ seed: 'newest', created: '2026-05-01T00:00:00Z' })
const OLD = containerImage({ seed: 'old', created: '2026-04-01T00:00:00Z' })
const SIGNED = containerImage({ seed: 'signed', created: '2026-04-01T00:00:00Z' })
const INDEX = multiPlatformImage({ seed: 'an index without a tag', created: '2026-04-01T00:00:00Z' })
const PLATFORM = 'shop/multi:1.0-amd64'
const SIGNATURE = `signatures:${cosignTag(SIGNED.manifest.digest, 'sig')}`
const USE = imageUse(`${HOST}/shop/signed:1.0`)
const ORPHANS = { rules: compileRules([{ ...NEWEST, evictOrphans: true }]) }
const NOT_KNOWN = registryError(404, 'NAME_UNKNOWN', 'repository name not known to registry')
const SPEC = RegistryPolicySpec.parse({
  ...{ registryRef: { name: 'main' }, inventoryRef: { name: 'all' }, rules: [NEWEST] },
  limits: { minImagesInUse: 0 },
})
const BY_DIGEST = `${HOST}/shop/multi@${INDEX.manifest.digest}`

describe.each(['2.8', '3'] as const)('a plan for a registry %s', (version) => {
  let registry: TestRegistry
  let proxy: FaultProxy
  let pool: RegistryPool

  beforeAll(async () => {
    registry = await startRegistry({ version })
    const storage = new StorageWriter(registry.storageDir)
    storage.write('shop/multi', NEW, '2.0')
    storage.write('shop/hidden', NEW, '2.0')
    storage.write('shop/hidden', OLD, '1.0', 'prod')
    storage.write('shop/multi', INDEX)
    storage.tag('shop/multi', INDEX.children[0]?.manifest.digest ?? '', '1.0-amd64')
    storage.write('shop/signed', SIGNED, '1.0')
    storage.write('signatures', cosignSignature(SIGNED), cosignTag(SIGNED.manifest.digest, 'sig'))
    proxy = await startFaultProxy({ upstream: registry.url })
    pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  })
  afterAll(async () => {
    await pool.close()
    await proxy.stop()
    await registry.stop()
  })

  function plan(changes: Partial<PlanningInput>, uses: readonly ImageUse[] = []): Promise<Planning> {
    const { url } = proxy
    const snapshot = snapshotOf(uses)
    return planPolicy({
      ...{ spec: SPEC, rules: compileRules([NEWEST]), policy: 'uid-policy' },
      ...{ registry: { uid: 'uid-registry', url }, limits: { concurrency: 8 } },
      names: { host: HOST, aliases: [] },
      opened: {
        ...{ client: pool.client({ url, limits: { concurrency: 8 } }), product: 'unknown', url },
        ...{ authenticated: false, skewMs: 0 },
      },
      inventories: async () => [{ name: 'ops/all', retainMs: 0, snapshot }],
      ...{ claims: [], workspaces: [], restored: async () => [], memory: undefined, manifests: new Map() },
      ...{
        soak: undefined,
        went: undefined,
        taken: [],
        unknownReturns: undefined,
        ledgers: new Map(),
        acceptedAt: undefined,
        version: '1',
        clock: systemClock,
      },
      ...{ signal: AbortSignal.timeout(60_000), ...changes },
    })
  }
  const claiming = (changes: Partial<InventorySnapshot>): UsageClaim[] => [
    claimOf([snapshotOf([], changes)], 'other', 0),
  ]

  test('S02: that what another installation remembered was lost stands against it', async () => {
    const by = (id: string) => ({
      claims: claiming({}).map((claim) => ({
        ...{ ...claim, ledgers: [{ inventory: 'ops/all', id, since: 0, isKept: true }] },
      })),
    })
    const isBlocked = ({ blocks }: Planning) => blocks.some(({ code }) => code === 'LedgerLost')
    const first = await plan(by('old'))
    const second = await plan({ ...by('new'), ledgers: first.ledgers })
    expect([isBlocked(first), isBlocked(second)]).toEqual([false, true])
  })

  test('lets a platform go of which nobody uses the index', async () => {
    expect(codes((await plan({})).judgement)).toMatchObject({
      'shop/multi:2.0': 'keep Newest',
      [PLATFORM]: 'evict Superseded',
    })
  })

  test.each([
    ['names', { images: [imageUse(BY_DIGEST)] }],
    [
      'runs after its tag went to another',
      { images: [imageUse(`${HOST}/shop/multi:2.0`, { runningDigests: [INDEX.manifest.digest] })] },
    ],
    ['pins', { pins: compilePins([BY_DIGEST]) }],
  ])('S35: keeps the platforms of an index that another installation %s and no tag names', async (_, use) => {
    const { judgement } = await plan({ claims: claiming(use) })
    expect(codes(judgement)[PLATFORM]).toMatch(/^keep /)
  })

  test('S36: a tag in use that the list of tags lacks keeps all of its repository', async () => {
    const lists = { path: '/v2/shop/hidden/tags/list' }
    const removed = proxy.rule(
      { kind: 'status', status: 200, body: { name: 'shop/hidden', tags: ['1.0', '2.0'] } },
      lists,
    )
    const uses = [imageUse(`${HOST}/shop/hidden:prod`), imageUse(`${HOST}/shop/multi:not-pushed`)]
    const { judgement, facts } = await plan({}, uses)
    removed()
    expect(codes(judgement)).toMatchObject({
      'shop/hidden:1.0': 'keep Incomplete',
      [PLATFORM]: 'evict Superseded',
    })
    const hidden = facts.repositories.find(({ name }) => name === 'shop/hidden')
    expect(hidden?.incomplete).toBe('prod is in use and is there, and the list of tags lacks it')
    const asked = proxy.requests.filter(({ path }) => path === lists.path)
    expect(asked.at(-1)?.cacheControl).toBe('no-cache')
  })

  test.each([
    ['404', NOT_KNOWN],
    ['no tags', { kind: 'status', status: 200, body: { name: 'shop/signed', tags: null } } as const],
  ])('S39: what answers %s and had some makes nothing an orphan', async (_, answer) => {
    const memory = agedMemory((await plan({})).memory)
    const removed = proxy.rule(answer, { path: '/v2/shop/signed/tags/list' })
    const { judgement, facts, memory: after } = await plan({ ...ORPHANS, memory })
    const went = [{ repository: 'shop/signed', tag: '1.0', digest: SIGNED.manifest.digest }]
    const emptied = await plan({ ...ORPHANS, memory, went })
    removed()
    expect(codes(emptied.judgement)[SIGNATURE]).toBe('evict OrphanGoes')
    expect(codes(judgement)[SIGNATURE]).toBe('keep SubjectUnknown')
    const signed = facts.repositories.find(({ name }) => name === 'shop/signed')
    expect(signed?.incomplete).toMatch(/^it lists no tags, and had 1 tag /)
    expect(after.repositories.get('shop/signed')?.tags).toEqual(['1.0'])
  })

  test.each([
    ['is refused', registryError(403, 'DENIED', 'requested access to the resource is denied')],
    ['fails', { kind: 'status', status: 500 } as const],
    ['breaks off half-way', { kind: 'cut', at: 'body', after: 20 } as const],
  ])(
    'S09: nothing goes of a repository whose list of tags %s, and nothing is an orphan of it',
    async (_, fault) => {
      const removed = proxy.rule(fault, { path: '/v2/shop/signed/tags/list' })
      const { judgement, facts } = await plan(ORPHANS)
      removed()
      expect(codes(judgement)).toMatchObject({
        [SIGNATURE]: 'keep SubjectUnknown',
        [PLATFORM]: 'evict Superseded',
      })
      const signed = facts.repositories.find(({ name }) => name === 'shop/signed')
      expect(signed?.incomplete).toMatch(/^its tags could not be listed: REGISTRY_/)
    },
  )

  test.each([
    ['is refused', registryError(403, 'DENIED', 'requested access to the resource is denied')],
    ['breaks off half-way', { kind: 'cut', at: 'body', after: 20 } as const],
  ])('S09: no plan is made where the list of repositories %s', async (_, fault) => {
    const removed = proxy.rule(fault, { path: '/v2/_catalog' })
    const planned = plan(ORPHANS)
    await expect(planned).rejects.toMatchObject({ code: expect.stringMatching(/^REGISTRY_/) })
    removed()
  })

  test.each([
    ['uses', { inventories: async () => [{ name: 'ops/all', retainMs: 0, snapshot: snapshotOf([USE]) }] }],
    ['claims', { claims: [claimOf([snapshotOf([USE])], 'other', 0)] }],
  ])('S39: what answers 404 and somebody %s makes nothing an orphan', async (_, changes) => {
    const removed = proxy.rule(registryError(404, 'NAME_UNKNOWN', 'repository name not known to registry'), {
      path: /^\/v2\/shop\/signed\//,
    })
    const rules = compileRules([{ ...NEWEST, evictOrphans: true }])
    const { judgement } = await plan({ rules, ...changes })
    removed()
    expect(codes(judgement)[SIGNATURE]).toBe('keep SubjectUnknown')
  })
})

/** The same, and everything has been there for long. */
function agedMemory(memory: RegistryMemory): RegistryMemory {
  const aged = [...memory.repositories].map(([name, columns]) => {
    const since = columns.tags.map(() => 1)
    return [name, { ...columns, boundSince: since, digestSince: since }] as const
  })
  return { ...memory, firstAt: 0, repositories: new Map(aged) }
}
