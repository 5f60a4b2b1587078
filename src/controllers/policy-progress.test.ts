import { expect, test } from 'vitest'
import { ProgressWriter } from '#controllers/policy-progress.ts'
import type { ExecutionProgress } from '#evict/execution-progress.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

const COUNTS = { bindings: 9, digests: 9, untagged: 0, swept: 0, spared: 0, trashed: 0 }

function progress(done: number, stage: ExecutionProgress['stage'] = 'Untagging'): ExecutionProgress {
  return { stage, counts: COUNTS, done, left: 9 - done, perMinute: undefined, timeLeftMs: undefined }
}

function writer() {
  const clock = new FakeClock()
  const written: string[] = []
  const failures: unknown[] = []
  const writes: PromiseWithResolvers<void>[] = []
  const write = ({ stage, done }: ExecutionProgress) => {
    written.push(`${stage} ${done}`)
    const next = Promise.withResolvers<void>()
    writes.push(next)
    return next.promise
  }
  return {
    clock,
    written,
    failures,
    writes,
    writer: new ProgressWriter(clock, write, (e) => failures.push(e)),
  }
}

const turn = () => new Promise(setImmediate)

test('a status is written every five seconds, and at once when a phase begins', async () => {
  const { clock, written, writes, writer: progressWriter } = writer()
  const tell = async (each: ExecutionProgress) => {
    progressWriter.tell(each)
    writes.at(-1)?.resolve()
    await turn()
  }
  await tell(progress(1))
  await clock.advance(4_999)
  await tell(progress(2))
  await clock.advance(1)
  await tell(progress(3))
  await tell(progress(4, 'Sweeping'))
  await tell(progress(5, 'Sweeping'))
  expect(written).toEqual(['Untagging 1', 'Untagging 3', 'Sweeping 4'])
})

test('one at a time, none after the end, and one that fails stops nothing', async () => {
  const { clock, written, failures, writes, writer: progressWriter } = writer()
  progressWriter.tell(progress(1))
  await clock.advance(10_000)
  progressWriter.tell(progress(2))
  expect(written).toEqual(['Untagging 1'])
  writes[0]?.reject(new Error('conflict'))
  await turn()
  progressWriter.tell(progress(3))
  const ending = progressWriter.end()
  let hasEnded = false
  void ending.then(() => {
    hasEnded = true
  })
  await turn()
  expect(hasEnded).toBe(false)
  writes[1]?.resolve()
  await ending
  await clock.advance(10_000)
  progressWriter.tell(progress(4))
  expect([written, failures]).toEqual([['Untagging 1', 'Untagging 3'], [new Error('conflict')]])
})
