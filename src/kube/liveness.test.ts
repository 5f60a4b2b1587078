import { expect, test } from 'vitest'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { Liveness, SYNC_GRACE_MS, UNREACHABLE_GRACE_MS } from './liveness.ts'

function given() {
  const clock = new FakeClock()
  return { clock, liveness: new Liveness(clock) }
}

test('S03: nothing is synced without both a complete list and a sign of life after it', () => {
  const { liveness } = given()
  expect(liveness.isSynced).toBe(false)
  liveness.heard()
  expect(liveness.isSynced).toBe(false)
  liveness.listed()
  expect(liveness.isSynced).toBe(true)
  const unheard = given().liveness
  unheard.listed()
  expect(unheard.isSynced).toBe(false)
})

test('S03: a watch that is silent for too long is not synced until it is heard again', async () => {
  const { clock, liveness } = given()
  liveness.listed()
  liveness.heard()
  await clock.advance(SYNC_GRACE_MS)
  expect(liveness.isSynced).toBe(true)
  await clock.advance(1)
  expect(liveness.isSynced).toBe(false)
  liveness.heard()
  expect(liveness.isSynced).toBe(true)
})

test('S03: a server that is not reached ends it sooner, counted from the first time', async () => {
  const { clock, liveness } = given()
  liveness.listed()
  liveness.heard()
  liveness.lost()
  await clock.advance(UNREACHABLE_GRACE_MS)
  liveness.lost()
  expect(liveness.isSynced).toBe(true)
  await clock.advance(1)
  expect(liveness.isSynced).toBe(false)
  liveness.heard()
  expect(liveness.isSynced).toBe(true)
})

test('S03: after a start-over a new list is waited for', () => {
  const { liveness } = given()
  liveness.listed()
  liveness.startOver()
  liveness.heard()
  expect(liveness.isSynced).toBe(false)
  liveness.listed()
  expect(liveness.isSynced).toBe(true)
})
