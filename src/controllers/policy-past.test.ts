import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { PolicyPass } from '#controllers/policy-pass.ts'
import { PolicyPast, type PolicyPastParts } from '#controllers/policy-past.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import type { Unsettled } from '#evict/evicted.ts'
import { EMPTY_RECORD } from '#retention/policy-record.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { silentLog } from '#test/harness/reflected.ts'

// How something is settled is in policy-leftovers.test.ts, that it is in whatever state a policy is in e2e/policy-kill.test.ts.

const metadata = { name: 'main', namespace: 'shop' }
const apiVersion = 'tallyman.dev/v1alpha1'
const registry: RegistryObject = { apiVersion, kind: 'Registry', metadata, spec: {} }
const run = {
  ...{ id: 'dead', plan: 'sha256:1', cause: 'Approved' as const, phase: 'Sweeping' as const },
  ...{ startedAt: '2026-11-01T00:00:00Z', bindings: 1, untagged: 0, swept: 0, spared: 0 },
}

function unexpected(): never {
  throw new Error('nobody asks for that')
}

/** Watches what a policy has evicted of which this is not settled, and is not by settling either where `stays`. */
async function watching(
  unsettled: readonly Unsettled[],
  { stays = false, problem }: { readonly stays?: boolean; readonly problem?: TallymanError } = {},
) {
  const settled: Unsettled[] = []
  const parts = {
    access: { open: async () => ({ url: 'https://r.example' }) },
    registries: { get: () => registry, list: () => [registry] },
    memories: { load: async () => ({ record: EMPTY_RECORD, recordProblem: undefined }) },
    undo: {
      watchFrom: async () => problem,
      unsettled: () => (stays ? unsettled : unsettled.filter((each) => !settled.includes(each))),
    },
    leftovers: { settle: async (_place: unknown, left: readonly Unsettled[]) => void settled.push(...left) },
    ...{ returns: { bringBackAsked: unexpected }, clock: new FakeClock(), log: silentLog },
  }
  const past = new PolicyPast(parts as unknown as PolicyPastParts)
  const spec = { registryRef: { name: 'main' } }
  const pass: PolicyPass = {
    policy: { apiVersion, kind: 'RegistryPolicy', metadata, spec, status: { run } },
    ...{ stamp: { generation: 1, now: 0 }, signal: new AbortController().signal },
    ...{ shield: (work) => work(), write: unexpected, answer: unexpected },
  }
  return { settled, isDone: await past.watch(pass) }
}

const begun: Unsettled = { repository: 'app', run: 'dead' }

test('S04, S17: what was begun gets an end also where nothing else is done for a policy', async () => {
  expect(await watching([begun])).toEqual({ settled: [begun], isDone: true })
})

test('what is not settled yet is looked at again; what is lost no look settles', async () => {
  expect((await watching([begun], { stays: true })).isDone).toBe(false)
  expect((await watching([{ ...begun, isLost: true }], { stays: true })).isDone).toBe(true)
})

test('where it is not known what was begun, nothing is settled', async () => {
  const problem = new TallymanError('REGISTRY_UNREACHABLE', 'not now')
  expect(await watching([begun], { problem })).toEqual({ settled: [], isDone: false })
})
