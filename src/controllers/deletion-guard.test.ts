import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { inUseIndex } from '#inventory/in-use-index.ts'
import { reason } from '#retention/reasons.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { DeletionGuard, type DeletionGuardParts } from './deletion-guard.ts'

const { signal } = new AbortController()
const index = inUseIndex({ snapshots: [] }, { host: 'r.example', aliases: [] })
const no = (code: 'LEADERSHIP_LOST' | 'EVICTION_SUSPENDED' | 'CLAIM_LOST' | 'BARRIER_NOT_REACHED') => () => {
  throw new TallymanError(code, 'no')
}

function guardWith(changes: Partial<DeletionGuardParts>): DeletionGuard {
  return new DeletionGuard({
    fence: { assertLeader: () => undefined },
    assertClaimed: () => undefined,
    assertWanted: () => undefined,
    endsAt: Number.POSITIVE_INFINITY,
    usage: { refresh: async () => undefined, index },
    lateUse: () => undefined,
    isRestored: () => false,
    clock: new FakeClock(),
    ...changes,
  })
}

test('lets a request through where nothing is against it', async () => {
  await expect(guardWith({}).guard(signal)).resolves.toBeUndefined()
})

test.each([
  ['S16', { fence: { assertLeader: no('LEADERSHIP_LOST') } }, 'LEADERSHIP_LOST'],
  ['S01', { assertClaimed: no('CLAIM_LOST') }, 'CLAIM_LOST'],
  ['S21', { assertWanted: no('EVICTION_SUSPENDED') }, 'EVICTION_SUSPENDED'],
  ['S03', { usage: { refresh: async () => no('BARRIER_NOT_REACHED')(), index } }, 'BARRIER_NOT_REACHED'],
] as const)('%s: nothing is sent where one of them forbids it: %o', async (_rule, changes, code) => {
  await expect(guardWith(changes).guard(signal)).rejects.toMatchObject({ code })
})

test.each(['fence', 'assertClaimed', 'assertWanted'] as const)(
  'S03: %s is asked again after the look at what is in use',
  async (name) => {
    let isLooked = false
    const fail = () => {
      if (isLooked) throw new TallymanError('LEADERSHIP_LOST', 'no')
    }
    const refresh = async () => {
      isLooked = true
    }
    const usage = { refresh, index }
    const changes = name === 'fence' ? { fence: { assertLeader: fail } } : { [name]: fail }
    await expect(guardWith({ ...changes, usage }).guard(signal)).rejects.toThrow('no')
  },
)

test('S21: nothing goes after the end of the window', async () => {
  const clock = new FakeClock(1_000)
  await expect(guardWith({ clock, endsAt: 1_001 }).guard(signal)).resolves.toBeUndefined()
  await expect(guardWith({ clock, endsAt: 1_000 }).guard(signal)).rejects.toMatchObject({
    code: 'EVICTION_WINDOW_ENDED',
  })
})

test('S04, S12: spares what came into use and what was restored, and tells of it', () => {
  const candidate = { repository: 'a', tag: 't', digest: 'sha256:d' }
  const told: string[] = []
  const used = guardWith({
    lateUse: () => reason('InUse', 'x'),
    onSpared: (_it, { code }) => told.push(code),
  })
  expect([guardWith({}).stillDoomed(candidate), used.stillDoomed(candidate), told]).toEqual([
    true,
    false,
    ['InUse'],
  ])
  const restored = guardWith({ isRestored: (repository, tag) => `${repository}:${tag}` === 'a:t' })
  expect(restored.stillDoomed(candidate)).toBe(false)
  expect(restored.stillDoomed({ ...candidate, tag: 'other' })).toBe(true)
})
