import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Lane } from './chaos/lane.ts'

/** No run has as many requests: should one never end, the test does. */
const BOUND = 200
const LANES = 3
/** `make soak PART=kills` takes every request, `make test` every tenth. */
const STEP = process.env.TALLYMAN_EVERY_REQUEST === '1' ? 1 : 10

vi.setConfig({ testTimeout: STEP === 1 ? 1_800_000 : 600_000 })

let lanes: Lane[]

beforeAll(async () => {
  lanes = await Promise.all(Array.from({ length: LANES }, () => Lane.start()))
})

afterAll(async () => {
  await Promise.all(lanes.map((lane) => lane.stop()))
})

test(`killed at its n-th request, for ${STEP === 1 ? 'every n' : 'every tenth n'} of a run, and started again: the final status is the same`, async () => {
  const lengths = await Promise.all(
    lanes.map(async (lane, offset) => {
      const undisturbed = await lane.runKilledAt(BOUND)
      expect(undisturbed.killed).toBe(false)
      for (let n = 1 + offset * STEP; n < BOUND; n += LANES * STEP) {
        const { killed, status } = await lane.runKilledAt(n)
        expect(status, `killed at request ${n}`).toStrictEqual(undisturbed.status)
        if (!killed) return n
      }
      throw new Error(`a run has more than ${BOUND} requests`)
    }),
  )
  // Watches, Lease, probe, manifests, blobs, status: less would be no whole run.
  expect(Math.min(...lengths)).toBeGreaterThan(20)
})
