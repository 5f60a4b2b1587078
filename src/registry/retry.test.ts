import { describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { ErrorCode } from '#catalogue/error-codes.ts'
import { type Outcome, RetryBudget, type RetryRule } from './retry.ts'
import { retryAfterMs } from './retry-after.ts'

const status = (code: number, retryAfter?: number): Outcome => ({
  kind: 'status',
  status: code,
  retryAfterMs: retryAfter,
})
const failure = (code: ErrorCode): Outcome => ({ kind: 'error', error: new TallymanError(code, 'x') })
const budget = (rule: RetryRule = 'transient') => new RetryBudget(rule, 300_000, () => 0)

/** What a registry that always gives this outcome comes to. */
function actions(outcome: Outcome, rule?: RetryRule): string[] {
  const tries = budget(rule)
  const all: string[] = []
  for (let i = 0; i < 100; i++) {
    const { action } = tries.decide(outcome)
    all.push(action)
    if (action === 'stand' || action === 'give-up') return all
  }
  throw new Error('it never ends')
}

describe('which outcomes are asked again', () => {
  test.each([
    ...[500, 502, 503, 504, 522, 408, 499].map((code) => [`status ${code}`, status(code)] as const),
    ['a broken connection', failure('REGISTRY_UNREACHABLE')],
    ['a body that ends early', failure('REGISTRY_TRUNCATED')],
  ] as const)('%s: twice more', (_, outcome) => {
    expect(actions(outcome)).toEqual(['retry', 'retry', 'stand'])
    expect(actions(outcome, 'never')).toEqual(['stand'])
    expect(actions(outcome, 'once')).toEqual(['stand'])
  })

  test.each([
    ...[400, 401, 403, 404, 405, 413, 416].map((code) => [`status ${code}`, status(code)] as const),
    ['a timeout', failure('REGISTRY_TIMEOUT')],
    ['an unknown certificate', failure('REGISTRY_TLS_UNTRUSTED')],
    ['a wrong digest', failure('REGISTRY_DIGEST_MISMATCH')],
    ['a cancelled call', failure('CANCELLED')],
  ] as const)('%s: never', (_, outcome) => {
    expect(actions(outcome)).toEqual(['stand'])
  })

  test('a connection that breaks does not take the place of what was answered twice', () => {
    const tries = budget()
    const broken = failure('REGISTRY_UNREACHABLE')
    const outcomes = [status(500), broken, status(500), broken, status(500)]
    expect(outcomes.map((outcome) => tries.decide(outcome).action)).toEqual([
      'retry',
      'retry',
      'retry',
      'retry',
      'stand',
    ])
  })

  test('the pauses grow', () => {
    const tries = budget()
    expect([tries.decide(status(502)), tries.decide(status(502))]).toEqual([
      { action: 'retry', delayMs: 200 },
      { action: 'retry', delayMs: 600 },
    ])
  })
})

describe('throttling', () => {
  test('S16: what takes something away is sent again after 429, not after 503', () => {
    expect(budget('once').decide(status(429, 60_000))).toEqual({ action: 'pause', delayMs: 60_000 })
    expect(budget('once').decide(status(503, 60_000))).toEqual({ action: 'stand' })
  })

  test('Retry-After is obeyed in full and costs no try', () => {
    const tries = budget()
    expect(tries.decide(status(429, 60_000))).toEqual({ action: 'pause', delayMs: 60_000 })
    expect(tries.decide(status(503, 90_000))).toEqual({ action: 'pause', delayMs: 90_000 })
    expect(tries.decide(status(502))).toMatchObject({ action: 'retry' })
    expect(tries.decide(status(429, 151_000))).toEqual({ action: 'give-up', delayMs: 151_000 })
  })

  test('also what must not be sent twice blindly waits for its turn', () => {
    expect(budget('never').decide(status(429, 5_000))).toEqual({ action: 'pause', delayMs: 5_000 })
  })

  test('a registry that says 0 for ever comes to an end', () => {
    const all = actions(status(429, 0))
    expect(all.at(-1)).toBe('give-up')
    expect(all.length).toBeLessThan(20)
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-11-24T12:00:00Z')
  test.each([
    ['120', 120_000],
    ['0', 0],
    ['Tue, 24 Nov 2026 12:01:30 GMT', 90_000],
    ['Tue, 24 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['99999999999', 86_400_000],
    ['Tue, 24 Nov 2099 12:00:00 GMT', 86_400_000],
  ])('%s', (text, expected) => {
    expect(retryAfterMs({ 'retry-after': text }, now)).toBe(expected)
  })

  test('absent', () => {
    expect(retryAfterMs({}, now)).toBeUndefined()
  })
})
