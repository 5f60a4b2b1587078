import { expect, test } from 'vitest'
import { holdOn, holdToken } from '#controllers/evicted-hold.ts'
import { NOTHING_KNOWN } from '#controllers/known-history.ts'
import { PolicyHolds } from '#controllers/policy-holds.ts'
import { PolicyUndo } from '#controllers/policy-undo.ts'
import type { RegistryPolicyObject } from '#controllers/resources.ts'
import { EvictedThings } from '#evict/evicted-things.ts'
import { EMPTY_RECORD, type Hold, type PolicyRecord } from '#retention/policy-record.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

// What the record says of a hold; what is read of journals is in policy-restore-run.test.ts.

const KEY = 'shop/main'
const OLD = holdOn('an earlier one', 1)
const NEW = holdOn('app:v1 came into use', 2)

/** @returns the record after the next plan of a policy that is held, and how often it was written */
async function planned(known: Hold | undefined, recorded: Hold | undefined, releaseHold?: string) {
  const policy: RegistryPolicyObject = {
    ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy', spec: { releaseHold } },
    metadata: { name: 'main', namespace: 'shop' },
  }
  const holds = new PolicyHolds({ get: () => policy }, { set: () => undefined })
  const undo = new PolicyUndo({
    restorer: {
      historyOf: () => Promise.reject(new Error('nothing is read')),
      returnedTo: () => Promise.reject(new Error('nothing is read')),
    },
    watch: { add: () => undefined, follow: () => undefined, forget: () => undefined },
    ...{ holds, clock: new FakeClock() },
  })
  if (recorded !== undefined) holds.add(KEY, recorded)
  if (known !== undefined) holds.add(KEY, known)
  let record: PolicyRecord = { ...EMPTY_RECORD, hold: recorded }
  let writes = 0
  const answer = await undo.recordHold(policy, record, async (compute) => {
    writes += 1
    record = compute(record)
    return record
  })
  expect(answer).toBe(record)
  return { hold: record.hold, writes }
}

test('S04: a hold that could not be recorded when it came is recorded by the next plan', async () => {
  expect(await planned(NEW, undefined)).toEqual({ hold: NEW, writes: 1 })
  expect(await planned(NEW, OLD)).toEqual({ hold: NEW, writes: 1 })
  expect(await planned(NEW, OLD, holdToken(OLD))).toEqual({ hold: NEW, writes: 1 })
})

test('S04: one that is recorded is not written again, and one that a human has ended is taken out', async () => {
  expect(await planned(undefined, NEW)).toEqual({ hold: NEW, writes: 0 })
  expect(await planned(undefined, NEW, holdToken(NEW))).toEqual({ hold: undefined, writes: 1 })
  expect(await planned(NEW, undefined, holdToken(NEW))).toEqual({ hold: undefined, writes: 0 })
})

test('S04: what a call did that was cut off is read from all journals again, and what was told is watched until it is settled', async () => {
  const policy: RegistryPolicyObject = {
    ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy', spec: {} },
    metadata: { name: 'main', namespace: 'shop' },
  }
  const registry = { ...policy, kind: 'Registry' }
  const read: string[][] = []
  const followed: (boolean | undefined)[] = []
  const undo = new PolicyUndo({
    restorer: {
      historyOf: async (_registry, runs) => {
        read.push(runs.map(({ run }) => run))
        const unsettled = read.length === 1 ? [] : [{ repository: 'app', run: 'two' }]
        return { ...NOTHING_KNOWN, unsettled }
      },
      returnedTo: async () => ({ returned: [], unknownReturns: new Map() }),
    },
    watch: {
      add: () => undefined,
      follow: (_policy, _registry, _things, isWhole) => void followed.push(isWhole),
      forget: () => undefined,
    },
    holds: new PolicyHolds({ get: () => policy }, { set: () => undefined }),
    clock: new FakeClock(),
  })
  const past = { plan: 'sha256:1', startedAt: 1, finishedAt: 2, repositories: ['app'] }
  const record = {
    ...EMPTY_RECORD,
    runs: [
      { ...past, id: 'two' },
      { ...past, id: 'one' },
    ],
  }
  const { signal } = new AbortController()
  const watch = () => undo.watchFrom(policy, registry, record, signal)
  expect([await watch(), await watch(), read]).toEqual([undefined, undefined, [['two', 'one']]])
  undo.unknow(policy)
  expect([await watch(), read]).toEqual([
    undefined,
    [
      ['two', 'one'],
      ['two', 'one'],
    ],
  ])
  expect(followed).toEqual([true, false])
})

test('S04, S12: what is read anew of one repository leaves what the run did in the others known and watched', async () => {
  const metadata = { name: 'main', namespace: 'shop' }
  const policy: RegistryPolicyObject = {
    ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy', spec: {}, metadata },
  }
  const registry = { ...policy, kind: 'Registry' }
  const told = { run: 'dead', digest: `sha256:${'1'.repeat(64)}` }
  const gone = { ...told, repository: 'ended', tag: 'v1', at: 1 }
  const back = { ...told, repository: 'returned', tag: 'v1', at: 1 }
  const watched: string[][] = []
  const undo = new PolicyUndo({
    restorer: {
      historyOf: async (_registry, runs) => {
        const repositories = runs.flatMap((run) => run.repositories)
        return {
          went: new EvictedThings([gone].filter(({ repository }) => repositories.includes(repository))),
          returned: [back].filter(({ repository }) => repositories.includes(repository)),
          unsettled: repositories.includes('begun') ? [{ repository: 'begun', run: 'dead' }] : [],
        }
      },
      returnedTo: async () => ({ returned: [], unknownReturns: new Map() }),
    },
    watch: {
      add: () => undefined,
      follow: (_policy, _registry, things) =>
        void watched.push([...things].map(({ repository }) => repository)),
      forget: () => undefined,
    },
    holds: new PolicyHolds({ get: () => policy }, { set: () => undefined }),
    clock: new FakeClock(),
  })
  const run = { id: 'dead', plan: 'sha256:1', startedAt: 1, finishedAt: 2 }
  const record = { ...EMPTY_RECORD, runs: [{ ...run, repositories: ['ended', 'returned', 'begun'] }] }
  const { signal } = new AbortController()
  await undo.watchFrom(policy, registry, record, signal)
  // What is left of it to be settled, and what is asked back of it.
  for (const repository of ['begun', 'ended']) {
    await undo.learn(policy, registry, { id: 'dead', repositories: [repository] }, signal)
    const { returned, unsettled } = undo.evicted(policy)
    expect([watched.pop(), returned, unsettled]).toEqual([
      ['ended'],
      [back],
      [{ repository: 'begun', run: 'dead' }],
    ])
  }
})

test('S04: what one run did is not taken for all that was done, where the rest is not known yet', async () => {
  const metadata = { name: 'main', namespace: 'shop' }
  const policy: RegistryPolicyObject = {
    ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy', spec: {}, metadata },
  }
  const registry = { ...policy, kind: 'Registry' }
  const read: string[] = []
  const undo = new PolicyUndo({
    restorer: {
      historyOf: async (_registry, runs) => {
        read.push(runs.map(({ run }) => run).join())
        return NOTHING_KNOWN
      },
      returnedTo: async () => ({ returned: [], unknownReturns: new Map() }),
    },
    watch: { add: () => undefined, follow: () => undefined, forget: () => undefined },
    holds: new PolicyHolds({ get: () => policy }, { set: () => undefined }),
    clock: new FakeClock(),
  })
  const past = { plan: 'sha256:1', startedAt: 1, finishedAt: 2, repositories: ['app'] }
  const record = {
    ...EMPTY_RECORD,
    runs: [
      { ...past, id: 'two' },
      { ...past, id: 'one' },
    ],
  }
  const { signal } = new AbortController()
  await undo.learn(policy, registry, { id: 'two', repositories: ['app'] }, signal)
  await undo.watchFrom(policy, registry, record, signal)
  expect(read.at(-1)).toBe('two,one')
})
