import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { Controller, type ControllerOptions } from '#runtime/controller.ts'
import { Metrics } from '#runtime/metrics.ts'
import { DONE, type Result } from '#runtime/result.ts'
import { runTerm } from '#runtime/term.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

function startTerm(reconcile: ControllerOptions['reconcile']) {
  const clock = new FakeClock()
  const metrics = new Metrics()
  onTestFinished(() => metrics.close())
  const log = pino({ level: 'silent' })
  const controller = new Controller({ name: 'check', clock, log, metrics, keys: () => ['ns/a'], reconcile })
  const term = new AbortController()
  let outcome: unknown = 'running'
  runTerm([controller], term.signal, clock).then(
    () => {
      outcome = 'ended'
    },
    (error: unknown) => {
      outcome = error
    },
  )
  const lose = () => term.abort(new TallymanError('LEADERSHIP_LOST', 'gone'))
  return { clock, lose, outcome: () => outcome }
}

describe('a term', () => {
  test('ends when its workers have stopped', async () => {
    const { clock, lose, outcome } = startTerm(
      (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    await clock.advance(1_000)
    expect(outcome()).toBe('running')
    lose()
    await clock.advance(1)
    expect(outcome()).toBe('ended')
  })

  test('fails when a worker does not stop within ten seconds: the process must end', async () => {
    const { clock, lose, outcome } = startTerm(() => new Promise<Result>(() => undefined))
    await clock.advance(1)
    lose()
    await clock.advance(9_999)
    expect(outcome()).toBe('running')
    await clock.advance(1)
    expect(outcome()).toMatchObject({
      code: 'LEADERSHIP_LOST',
      message: expect.stringContaining('check ns/a'),
    })
  })

  test('S16: waits without limit for a request that must not be cut off', async () => {
    const answer = Promise.withResolvers<Result>()
    const { clock, lose, outcome } = startTerm((_, { shield }) => shield(() => answer.promise))
    await clock.advance(1)
    lose()
    await clock.advance(3_600_000)
    expect(outcome()).toBe('running')
    answer.resolve(DONE)
    await clock.advance(1)
    expect(outcome()).toBe('ended')
  })
})
