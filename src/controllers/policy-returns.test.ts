import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { EvictedReturn } from '#controllers/evicted-returns.ts'
import { PolicyHolds } from '#controllers/policy-holds.ts'
import type { PolicyMemories } from '#controllers/policy-memory.ts'
import { PolicyRecords } from '#controllers/policy-records.ts'
import { PolicyReturns } from '#controllers/policy-returns.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'
import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { EvictedThings } from '#evict/evicted-things.ts'
import { EMPTY_RECORD, type PolicyRecord } from '#retention/policy-record.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { silentLog } from '#test/harness/reflected.ts'

// What is told and recorded of what came back; that it comes back is in evicted-watch.test.ts.

const apiVersion = 'tallyman.dev/v1alpha1'
const RUN: NonNullable<RegistryPolicyStatus['run']> = {
  ...{ id: 'run-5', plan: 'sha256:1', bindings: 1, untagged: 1, swept: 0, spared: 0 },
  ...{ startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:00Z' },
  cause: 'Enforced',
  phase: 'Succeeded',
}
const ENDED = { id: RUN.id, plan: RUN.plan, startedAt: 1, finishedAt: 2, repositories: ['app'] }
const POLICY: RegistryPolicyObject = {
  ...{ apiVersion, kind: 'RegistryPolicy', metadata: { name: 'main', namespace: 'shop' } },
  spec: { registryRef: { name: 'main' }, trash: { retainFor: '720h' } },
  status: { run: RUN },
}
const REGISTRY: RegistryObject = {
  ...{ apiVersion, kind: 'Registry', metadata: { name: 'main', namespace: 'shop' } },
  spec: { url: 'https://r.example' },
}

const thing = { run: RUN.id, repository: 'app', tag: 'v1', digest: 'sha256:a', at: 1 }
const BACK: EvictedReturn = {
  use: { thing, reason: { kind: 'pinned', pin: 'app:v1' } },
  ...{ outcome: 'Restored', isNews: true },
}
const LOST: EvictedReturn = {
  ...BACK,
  ...{ outcome: 'Failed', error: new TallymanError('RESTORE_CONTENT_GONE', 'no more') },
}

/** Something that a policy had evicted came into use and is back. @param load what its workspace says of its record */
function cameIntoUse(load: PolicyMemories['load'], came = BACK, policy = POLICY) {
  const clock = new FakeClock()
  const objectMetrics = { set: () => undefined }
  const policies = { get: () => policy }
  const kept: PolicyRecord[] = []
  const saveRecord = async (_policy: unknown, _registry: unknown, next: PolicyRecord) => void kept.push(next)
  const records = new PolicyRecords({ load, saveRecord }, clock)
  const changes: Promise<PolicyRecord>[] = []
  const told = Promise.withResolvers<RegistryPolicyStatus>()
  const holds = new PolicyHolds(policies, objectMetrics)
  const returns = new PolicyReturns({
    deps: { clock, objectMetrics, events: { record: () => undefined } },
    restorer: {
      bringBack: async function* () {
        yield* []
      },
    },
    undo: {
      evicted: () => ({ went: new EvictedThings(), returned: [], unsettled: [] }),
      keepReturned: () => undefined,
      learn: async () => undefined,
    },
    holds,
    records: {
      change: (...asked) => {
        const change = records.change(...asked)
        changes.push(change)
        return change
      },
    },
    reporter: {
      latest: (policy) => policy,
      write: async (policy, compute) => {
        told.resolve(compute(policy.status ?? {}))
        return policy
      },
    },
    ...{ policies, registries: { get: () => REGISTRY }, log: silentLog },
  })
  returns.beginTerm(new AbortController().signal)
  const again = (each: EvictedReturn) => returns.cameIntoUse('shop/main', [each], 0)
  again(came)
  const token = () => holds.standing('shop/main')?.token
  return { status: told.promise, kept, recorded: () => Promise.allSettled(changes), again, token, clock }
}

test.each([
  ['is read', { ...EMPTY_RECORD, runs: [ENDED] }, undefined, 1],
  ['does not know of the run of the status', EMPTY_RECORD, undefined, 0],
  ['cannot be read', EMPTY_RECORD, new TallymanError('RECORD_CONFLICT', 'another one'), 0],
] as const)(
  'S04, S32: what came into use is told, and held, where the record %s; it is recorded in no other record',
  async (_what, record, problem, times) => {
    const memory = { bindings: undefined, manifests: new Map(), soak: undefined, ledgers: new Map() }
    const { status, kept, recorded } = cameIntoUse(async () => ({
      ...memory,
      record,
      recordProblem: problem,
    }))
    const { restorations, hold } = await status
    expect(restorations).toMatchObject([{ image: 'r.example/app:v1', outcome: 'Restored' }])
    expect(hold).toMatchObject({ because: expect.stringContaining('app:v1') })
    await recorded()
    expect(kept).toHaveLength(times)
    for (const each of kept) expect(each.hold?.because).toBe(hold?.because)
  },
)

test('S04: what came into use is told at once, also where the workspace does not answer', async () => {
  const { status } = cameIntoUse(() => new Promise(() => undefined))
  expect((await status).restorations).toMatchObject([{ image: 'r.example/app:v1', outcome: 'Restored' }])
})

test('S04: what still cannot come back leaves the token of its hold as it is, also for another leader; what comes back after that does not', async () => {
  const mute = () => new Promise<never>(() => undefined)
  const first = cameIntoUse(mute, LOST)
  const token = first.token()
  expect(token).toMatch(/^hold-/)
  await first.clock.advance(60_000)
  first.again(LOST)
  expect(first.token()).toBe(token)
  const status = await first.status
  const second = cameIntoUse(mute, LOST, { ...POLICY, status })
  await second.clock.advance(60_000)
  second.again(LOST)
  expect(second.token()).toBe(token)
  second.again(BACK)
  expect(second.token()).not.toBe(token)
})
