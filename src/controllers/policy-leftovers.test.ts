import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { PolicyLeftovers } from '#controllers/policy-leftovers.ts'
import type { PolicyPass } from '#controllers/policy-pass.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import type { Unsettled } from '#evict/evicted.ts'
import { EMPTY_RECORD, type Hold, type PolicyRecord } from '#retention/policy-record.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { silentLog } from '#test/harness/reflected.ts'

// What settling does in a registry is in src/evict/settle*.test.ts, what it may do in policy-carrier.test.ts.

const metadata = { name: 'main', namespace: 'shop' }
const apiVersion = 'tallyman.dev/v1alpha1'
const registry: RegistryObject = { apiVersion, kind: 'Registry', metadata, spec: {} }

/** @returns the record and status after what a dead process left was settled, with what that met */
async function settling(error: TallymanError, unsettled: Unsettled = { repository: 'app', run: 'dead' }) {
  let record: PolicyRecord = EMPTY_RECORD
  let held: Hold | undefined
  const learned: string[] = []
  const leftovers = new PolicyLeftovers({
    carrier: {
      purge: () => Promise.reject(new Error('nothing is purged')),
      settle: async ({ harmed }) => {
        await harmed(error)
        return [{ repository: 'app', run: 'dead', error }]
      },
    },
    records: {
      change: async (_policy, _registry, _url, compute) => {
        record = compute(record)
        return record
      },
    },
    undo: {
      evicted: () => {
        throw new Error('nothing is purged')
      },
      hold: async (_policy, hold, change) => {
        held = hold
        await change((before) => ({ ...before, hold }))
      },
      standingHold: () => held && { ...held, token: 'hold-1', refused: undefined },
      learn: async (_policy, _registry, { id }) => void learned.push(id),
      unlearn: () => undefined,
    },
    ...{ clock: new FakeClock(), log: silentLog },
  })
  const pass: PolicyPass = {
    policy: { apiVersion, kind: 'RegistryPolicy', metadata, spec: {} },
    ...{ stamp: { generation: 1, now: 0 }, signal: new AbortController().signal },
    shield: (work) => work(),
    write: async (compute) => {
      pass.policy = { ...pass.policy, status: compute(pass.policy.status ?? {}) }
    },
    answer: (compute) => pass.write(compute),
  }
  await leftovers.settle({ pass, registry, url: 'https://r.example' }, [unsettled])
  return { hold: record.hold, told: pass.policy.status?.hold, learned }
}

test('S04, S43: a kept tag that went with what a dead process deleted holds the policy', async () => {
  const { hold, told, learned } = await settling(new TallymanError('DELETE_TOOK_TAG', 'app:prod went along'))
  expect(hold).toMatchObject({ because: 'app:prod went along' })
  expect(told).toMatchObject({ token: 'hold-1', because: 'app:prod went along' })
  expect(learned).toEqual(['dead'])
})

test('what is only not settled yet holds nothing', async () => {
  const { hold, told, learned } = await settling(new TallymanError('BARRIER_NOT_REACHED', 'not now'))
  expect([hold, told, learned]).toEqual([undefined, undefined, ['dead']])
})

test('what was lost and still is is not read again, and is once its journal is there', async () => {
  const lost: Unsettled = { repository: 'app', run: 'dead', isLost: true }
  expect((await settling(new TallymanError('JOURNAL_LOST', 'gone'), lost)).learned).toEqual([])
  expect((await settling(new TallymanError('BARRIER_NOT_REACHED', 'not now'), lost)).learned).toEqual([
    'dead',
  ])
  const first = { repository: 'app', run: 'dead' }
  expect((await settling(new TallymanError('JOURNAL_LOST', 'gone'), first)).learned).toEqual(['dead'])
})
