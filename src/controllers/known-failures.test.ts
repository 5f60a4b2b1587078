import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { EvictedReturn } from '#controllers/evicted-returns.ts'
import { KnownFailures } from '#controllers/known-failures.ts'

const POLICY = 'shop/main'
const thing = { run: 'run', repository: 'app', tag: 'v1', digest: 'sha256:1', at: 1 }
const reason = { kind: 'pinned', pin: 'app:v1' } as const
const back: EvictedReturn = { use: { thing, reason }, outcome: 'Restored', isNews: true }
const failed = (code: 'RESTORE_CONTENT_GONE' | 'REGISTRY_FORBIDDEN' | 'REGISTRY_UNREACHABLE') => ({
  ...back,
  ...{ outcome: 'Failed' as const, error: new TallymanError(code, 'why') },
})

test('S04: what fails as it did is no other reason, whoever tries; what was back in between is', () => {
  const known = new KnownFailures()
  const isNew = (each: EvictedReturn, policy = POLICY) => known.newOf(policy, [each]).length === 1
  const gone = failed('RESTORE_CONTENT_GONE')
  expect([isNew(gone), isNew(gone), isNew(gone, 'shop/other')]).toEqual([true, false, true])
  // A registry that is away says nothing about it.
  expect([isNew(failed('REGISTRY_UNREACHABLE')), isNew(gone)]).toEqual([true, false])
  expect([isNew(failed('REGISTRY_FORBIDDEN')), isNew(gone)]).toEqual([true, true])
  const another = { ...gone, use: { reason, thing: { ...thing, run: 'later' } } }
  expect([isNew(another), isNew(gone)]).toEqual([true, false])
  expect([isNew(back), isNew(gone)]).toEqual([true, true])
  known.forget(POLICY)
  expect([isNew(gone), isNew(gone)]).toEqual([true, false])
  known.clear()
  expect([isNew(gone), isNew(gone, 'shop/other')]).toEqual([true, true])
})
