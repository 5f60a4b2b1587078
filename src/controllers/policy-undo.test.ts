import { expect, test } from 'vitest'
import { holdOn, holdToken } from '#controllers/evicted-hold.ts'
import { NOTHING_KNOWN } from '#controllers/known-history.ts'
import { PolicyHolds } from '#controllers/policy-holds.ts'
import { PolicyUndo, type PolicyUndoParts } from '#controllers/policy-undo.ts'
import type { RegistryPolicyObject } from '#controllers/resources.ts'
import { notReturned } from '#evict/evicted.ts'
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

const policy: RegistryPolicyObject = {
  ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy', spec: {} },
  metadata: { name: 'main', namespace: 'shop' },
}
const registry = { ...policy, kind: 'Registry' }
const { signal } = new AbortController()

/** @param historyOf what journals tell @param follow is told what is watched */
function telling(
  historyOf: PolicyUndoParts['restorer']['historyOf'],
  follow: PolicyUndoParts['watch']['follow'] = () => undefined,
): PolicyUndo {
  return new PolicyUndo({
    restorer: { historyOf, returnedTo: async () => ({ returned: [], unknownReturns: new Map() }) },
    watch: { add: () => undefined, follow, forget: () => undefined },
    holds: new PolicyHolds({ get: () => policy }, { set: () => undefined }),
    clock: new FakeClock(),
  })
}

/** A record of runs that have ended, newest first. */
function ended(ids: readonly string[], repositories: readonly string[]): PolicyRecord {
  const runs = ids.map((id) => ({ id, plan: 'sha256:1', startedAt: 1, finishedAt: 2, repositories }))
  return { ...EMPTY_RECORD, runs }
}

test('S04: what a call did that was cut off is read from all journals again, and what was told is watched until it is settled', async () => {
  const read: string[][] = []
  const followed: string[][] = []
  const undo = telling(
    async (_registry, runs) => {
      read.push(runs.map(({ run }) => run))
      const unsettled = read.length === 1 ? [] : [{ repository: 'app', run: 'two' }]
      return { ...NOTHING_KNOWN, unsettled }
    },
    (_policy, _registry, _things, unsettled = new Set()) => void followed.push([...unsettled]),
  )
  const both = ['two', 'one']
  const watch = () => undo.watchFrom(policy, registry, ended(both, ['app']), signal)
  expect([await watch(), await watch(), read]).toEqual([undefined, undefined, [both]])
  undo.unknow(policy)
  expect([await watch(), read]).toEqual([undefined, [both, both]])
  expect(followed).toEqual([[], ['two']])
})

test('S04, S12: what is read anew of one repository leaves what the run did in the others known and watched', async () => {
  const told = { run: 'dead', digest: `sha256:${'1'.repeat(64)}` }
  const gone = { ...told, repository: 'ended', tag: 'v1', at: 1 }
  const back = { ...told, repository: 'returned', tag: 'v1', at: 1 }
  const begun = { repository: 'begun', run: 'dead' }
  const watched: string[][] = []
  const undo = telling(
    async (_registry, runs) => {
      const asked = runs.flatMap(({ repositories }) => repositories)
      const isAsked = ({ repository }: { readonly repository: string }) => asked.includes(repository)
      return {
        went: new EvictedThings([gone].filter(isAsked)),
        ...{ returned: [back].filter(isAsked), unsettled: [begun].filter(isAsked) },
      }
    },
    (_policy, _registry, history) =>
      void watched.push([...notReturned(history)].map(({ repository }) => repository)),
  )
  await undo.watchFrom(policy, registry, ended(['dead'], ['ended', 'returned', 'begun']), signal)
  // What is left of it to be settled, and what is asked back of it.
  for (const repository of ['begun', 'ended']) {
    await undo.learn(policy, registry, { id: 'dead', repositories: [repository] }, signal)
    const { returned, unsettled } = undo.evicted(policy)
    expect([watched.pop(), returned, unsettled]).toEqual([['ended'], [back], [begun]])
  }
})

test('S04: what one run did is not taken for all that was done, where the rest is not known yet', async () => {
  const read: string[] = []
  const undo = telling(async (_registry, runs) => {
    read.push(runs.map(({ run }) => run).join())
    return NOTHING_KNOWN
  })
  await undo.learn(policy, registry, { id: 'two', repositories: ['app'] }, signal)
  await undo.watchFrom(policy, registry, ended(['two', 'one'], ['app']), signal)
  expect(read.at(-1)).toBe('two,one')
})
