import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Planning, type PlanningInput, planPolicy } from '#controllers/policy-planner.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import { RegistryPool } from '#registry/pool.ts'
import { compileRules } from '#retention/compiled-rule.ts'
import type { PlannedInventory } from '#retention/planned-inventory.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { containerImage } from '#test/harness/images.ts'
import { codes, HOST, NEWEST } from '#test/harness/judging.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { type Clock, systemClock } from '#time/clock.ts'

const [NEW, OLD, UNTAGGED] = ['2026-05-01', '2026-04-01', '2026-03-01'].map((day) =>
  containerImage({ seed: `planner ${day}`, created: `${day}T00:00:00Z` }),
)
const OLD_TAG = 'shop/app:v1'
const SPEC = RegistryPolicySpec.parse({
  ...{ registryRef: { name: 'main' }, inventoryRef: { name: 'all' }, rules: [NEWEST] },
  limits: { minImagesInUse: 0 },
})
const CLAIM: UsageClaim = {
  ...{ installation: 'other', writtenAt: 0, synced: true, trusted: true },
  ...{ images: [`${HOST}/${OLD_TAG}`], digests: [], configs: [], pins: [] },
}

describe('a plan of a policy', () => {
  let registry: TestRegistry
  let pool: RegistryPool

  beforeAll(async () => {
    registry = await startRegistry({ version: '3' })
    const storage = new StorageWriter(registry.storageDir)
    if (NEW === undefined || OLD === undefined || UNTAGGED === undefined) throw new Error('there are three')
    storage.write('shop/app', NEW, 'v2')
    storage.write('shop/app', OLD, 'v1')
    storage.write('shop/app', UNTAGGED)
    storage.write('tallyman/reports', OLD, 'v1')
    pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  })
  afterAll(async () => {
    await pool.close()
    await registry.stop()
  })

  function plan(changes: Partial<PlanningInput> = {}, skewMs?: number): Promise<Planning> {
    const { url } = registry
    const client = pool.client({ url, limits: { concurrency: 8 } })
    return planPolicy({
      ...{
        spec: SPEC,
        rules: compileRules([NEWEST]),
        policy: 'uid-policy',
        registry: { uid: 'uid-registry', url },
      },
      limits: { concurrency: 8 },
      names: { host: HOST, aliases: [] },
      opened: { client, product: 'unknown', authenticated: false, skewMs, url },
      inventories: async () => [using()],
      ...{
        claims: [],
        workspaces: ['tallyman'],
        restored: async () => [],
        memory: undefined,
        manifests: new Map(),
      },
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
      signal: AbortSignal.timeout(60_000),
      ...changes,
    })
  }

  function using(
    images: readonly string[] = [],
    changes: Partial<PlannedInventory['snapshot']> = {},
  ): PlannedInventory {
    const uses = images.map((image) => imageUse(`${HOST}/${image}`))
    const { now, monotonic } = systemClock
    const snapshot = snapshotOf(uses, { barrier: { wall: now(), monotonic: monotonic() }, ...changes })
    return { name: 'ops/all', retainMs: 0, snapshot }
  }

  test('lets go what nobody uses, and has nothing of the workspace (S08)', async () => {
    const { judgement, facts, blocks } = await plan()
    expect(codes(judgement)).toEqual({ 'shop/app:v2': 'keep Newest', [OLD_TAG]: 'evict Superseded' })
    expect(facts.repositories.map(({ name }) => name)).toEqual(['shop/app'])
    expect(blocks.filter(({ isAcceptable }) => !isAcceptable)).toEqual([])
  })

  test('S02: a ledger in the place of the one before stands against it until a plan is approved', async () => {
    const made = async (id: string, before?: Planning, acceptedAt?: number) => {
      const ledger = { id, since: 1_000, isKept: true }
      const inventories = async () => [{ ...using(), retainMs: 1, ledger }]
      return await plan({ inventories, ...(before && { ledgers: before.ledgers }), acceptedAt })
    }
    const isBlocked = ({ blocks }: Planning) => blocks.some(({ code }) => code === 'LedgerLost')
    const first = await made('old')
    const second = await made('new', first)
    const third = await made('new', second)
    const accepted = await made('new', third, second.facts.readAt + 1)
    const after = await made('new', accepted)
    expect([first, second, third, accepted, after].map(isBlocked)).toEqual([false, true, true, false, false])
  })

  test.each([
    [5_000, 1, 'evict Superseded'],
    [5_001, 2, 'keep InUse'],
  ])(
    'S03: a registry that took %i ms to read: who uses what is asked %i times',
    async (ms, times, expected) => {
      let asked = 0
      let passed = 0
      // Whole: of what is not, 5,000 ms more are sometimes a little more than that.
      const at = Math.floor(systemClock.monotonic())
      const clock: Clock = { ...systemClock, monotonic: () => at + passed }
      const inventories = async () => {
        asked += 1
        if (asked > 1) return [using([OLD_TAG])]
        passed = ms
        return [using()]
      }
      const { judgement } = await plan({ clock, inventories })
      expect([asked, codes(judgement)[OLD_TAG]]).toEqual([times, expected])
    },
  )

  test('S01: what another installation claims stays', async () => {
    expect(codes((await plan({ claims: [CLAIM] })).judgement)[OLD_TAG]).toBe('keep InUse')
  })

  test('S12: what was brought back stays', async () => {
    const restored = [{ repository: 'shop/app', tag: 'v1', until: Number.MAX_SAFE_INTEGER }]
    const { judgement } = await plan({ restored: async () => restored })
    expect(codes(judgement)[OLD_TAG]).toBe('keep Restored')
  })

  test('S12, S34: where nobody knows what was brought back of a repository, nothing of it goes', async () => {
    const unknownReturns = new Map([['shop/app', 'JOURNAL_LOST']])
    const { judgement, facts } = await plan({ unknownReturns })
    expect(codes(judgement)[OLD_TAG]).toBe('keep Incomplete')
    expect(facts.repositories).toMatchObject([{ incomplete: expect.stringMatching(/: JOURNAL_LOST$/) }])
  })

  test('S14: what is in use and has no tag is found', async () => {
    const digest = UNTAGGED?.manifest.digest ?? ''
    const uses = [imageUse(`${HOST}/shop/app@${digest}`, { runningDigests: [digest] })]
    const { untaggedInUse } = await plan({ inventories: async () => [using([], { images: uses })] })
    expect(untaggedInUse).toMatchObject([{ repository: 'shop/app', digest }])
  })

  test('S02, S05: what stands against it is said', async () => {
    const inventories = async () => [using([], { trusted: false })]
    const { blocks } = await plan({ inventories }, 3_600_000)
    expect(blocks.map(({ code }) => code)).toEqual(expect.arrayContaining(['ClockSkew', 'NotTrusted']))
  })

  test('S10: what it lets go has been let go since the first such plan of this program', async () => {
    const first = await plan()
    const since = async (version: string) => {
      const { soak } = await plan({ version, soak: first.soak })
      return [...soak.since.values()]
    }
    const began = [...first.soak.since.values()]
    expect(began).toHaveLength(1)
    expect(await since('1')).toEqual(began)
    expect(await since('2')).not.toEqual(began)
  })

  test('S10: what it took away and somebody pushed again counts from this scan', async () => {
    const first = await plan()
    const digest = OLD?.manifest.digest
    const at = first.facts.readAt + 1
    const taken = [{ repository: 'shop/app', tag: 'v1', digest, at }]
    const isNegative = (ms: number) => ms < 0
    const since = async (changes: Partial<PlanningInput>) => {
      let asked = 0
      const clock = { ...systemClock, now: () => at + ++asked * 1_000 }
      const { soak, judgement, facts } = await plan({
        soak: first.soak,
        memory: first.memory,
        clock,
        ...changes,
      })
      const since = [...soak.since.values()].map((each) => each - facts.readAt)
      return { said: codes(judgement)[OLD_TAG], since }
    }
    expect(await since({})).toEqual({ said: 'evict Superseded', since: [expect.toSatisfy(isNegative)] })
    expect(await since({ taken })).toEqual({ said: 'keep Young', since: [] })
    const rules = compileRules([{ ...NEWEST, keep: { newest: 1, youngerThan: '1s' } }])
    expect(await since({ taken, rules })).toEqual({ said: 'evict Superseded', since: [0] })
  })

  test('S10: and by this spec of each inventory', async () => {
    const markedBy = (mark: string) => async () => [{ ...using(), mark }]
    const first = await plan({ inventories: markedBy('a') })
    const since = async (mark: string) => {
      const { soak } = await plan({ inventories: markedBy(mark), soak: first.soak })
      return [...soak.since.values()]
    }
    const began = [...first.soak.since.values()]
    expect(await since('a')).toEqual(began)
    expect(await since('b')).not.toEqual(began)
  })
})
