import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { ErrorCode } from '#catalogue/error-codes.ts'
import {
  type Attempt,
  decide,
  type Knowledge,
  MAX_DOUBTS,
  NOTHING_KNOWN,
  type Outcome,
} from '#kube/reflector-state.ts'

const WATCH: Attempt = { kind: 'watch', resourceVersion: '7' }
const FIRST: Attempt = { kind: 'watch-list', resourceVersion: '' }
const RELIST: Attempt = { kind: 'watch-list', resourceVersion: '7' }
const PAGES: Attempt = { kind: 'pages', resourceVersion: '' }
const AT_7: Knowledge = { ...NOTHING_KNOWN, resourceVersion: '7' }

const failure = (code: ErrorCode, options = {}) => new TallymanError(code, 'test', options)
const tooLarge = failure('KUBE_SERVER_ERROR', { details: { cause: 'ResourceVersionTooLarge' } })
const silent = failure('KUBE_WATCH_BROKEN', { details: { silent: true } })

const ended = (error?: TallymanError, more: Partial<Outcome> = {}): Outcome => ({
  resourceVersion: '7',
  listed: false,
  events: 3,
  durationMs: 10_000,
  error,
  ...more,
})
const unlisted = (error?: TallymanError): Outcome => ended(error, { resourceVersion: '', events: 0 })
const step = (known: Knowledge, attempt: Attempt, outcome: Outcome) =>
  decide(known, attempt, outcome, () => 0)

describe('after a watch', () => {
  it.each([
    ['ended by the server: resumed at once', undefined, WATCH, 0, 'closed'],
    [
      '410, as a status or as an event: listed again, not older than what is held',
      'KUBE_EXPIRED',
      RELIST,
      0,
      'expired',
    ],
    ['500: the same version again', 'KUBE_SERVER_ERROR', WATCH, 800, 'server-error'],
    ['a broken connection: the same version again', 'KUBE_UNREACHABLE', WATCH, 800, 'unreachable'],
    ['no answer: the same version again', 'KUBE_TIMEOUT', WATCH, 800, 'unreachable'],
    ['401: the same version again', 'KUBE_UNAUTHORIZED', WATCH, 800, 'denied'],
    ['403: the same version again', 'KUBE_FORBIDDEN', WATCH, 800, 'denied'],
    ['garbage: the same version again', 'KUBE_WATCH_BROKEN', WATCH, 800, 'broken'],
    ['404, the kind was deleted: listed from scratch', 'KUBE_NOT_FOUND', FIRST, 800, 'not-found'],
  ] as const)('%s', (_what, code, next, delayMs, reason) => {
    const outcome = ended(code === undefined ? undefined : failure(code))
    expect(step(AT_7, WATCH, outcome)).toMatchObject({ next, delayMs, reason })
  })

  it('429: waits as long as the server asks and keeps the version', () => {
    const outcome = ended(failure('KUBE_THROTTLED', { retryAfterMs: 9_000 }))
    expect(step(AT_7, WATCH, outcome)).toMatchObject({ next: WATCH, delayMs: 9_000, reason: 'throttled' })
  })

  it('429 with an hour to wait: asks again after two minutes', () => {
    const outcome = ended(failure('KUBE_THROTTLED', { retryAfterMs: 3_600_000 }))
    expect(step(AT_7, WATCH, outcome)).toMatchObject({ next: WATCH, delayMs: 120_000 })
  })

  it('what a server that was away refuses begins with a short pause', () => {
    const away = { ...AT_7, failures: 6, awayMs: 5_000 }
    const refused = step(away, WATCH, ended(failure('KUBE_FORBIDDEN'), { events: 0 }))
    expect(refused).toMatchObject({ delayMs: 800, knowledge: { failures: 1, awayMs: 0 } })
    expect(step(away, WATCH, ended(failure('KUBE_EXPIRED')))).toMatchObject({ next: RELIST, delayMs: 800 })
    const again = step(refused.knowledge, WATCH, ended(failure('KUBE_UNREACHABLE'), { events: 0 }))
    expect(again).toMatchObject({ delayMs: 1_600, knowledge: { failures: 2 } })
  })

  it('a connection that broke for a moment, or one that was there in between, is no outage: the pauses go on growing', () => {
    const refusal = ended(failure('KUBE_FORBIDDEN'))
    const broken = { ...AT_7, failures: 3, awayMs: 4_999 }
    expect(step(broken, WATCH, refusal)).toMatchObject({ delayMs: 6_400 })
    const resumed = step({ ...broken, awayMs: 60_000 }, WATCH, ended())
    expect(resumed.knowledge).toMatchObject({ failures: 3, awayMs: 0 })
    expect(step(resumed.knowledge, WATCH, refusal)).toMatchObject({ delayMs: 6_400 })
  })

  // A starting API server holds a watch back for seconds, says 403 before it has read its roles, 429 before its cache, and 410 then.
  it.each([1, 2, 8])(
    'is watched again within 12 s of the answers of a server that starts, after %i tries and whatever had failed before',
    (tries) => {
      const lost = ended(failure('KUBE_UNREACHABLE'), { events: 0 })
      let known: Knowledge = { ...AT_7, failures: 4 }
      for (let count = 0; count < tries; count += 1) known = step(known, WATCH, lost).knowledge
      const pauses = (['KUBE_FORBIDDEN', 'KUBE_THROTTLED', 'KUBE_EXPIRED'] as const).map((code) => {
        const decision = decide(known, WATCH, ended(failure(code), { events: 0 }), () => 1)
        known = decision.knowledge
        return decision.delayMs
      })
      expect(pauses.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(12_000)
    },
  )

  it('a server is away for the pauses since its last answer, whatever failed before, and however long the watch lived', () => {
    const unreachable = ended(failure('KUBE_UNREACHABLE'), { events: 0, durationMs: 100_000 })
    const first = step(AT_7, WATCH, unreachable)
    const second = step(first.knowledge, WATCH, unreachable)
    expect([first, second]).toMatchObject([
      { delayMs: 800, knowledge: { failures: 1, awayMs: 800 } },
      { delayMs: 1_600, knowledge: { failures: 2, awayMs: 2_400 } },
    ])
    const refused = step(AT_7, WATCH, ended(failure('KUBE_SERVER_ERROR')))
    expect(step(refused.knowledge, WATCH, unreachable).knowledge.awayMs).toBe(1_600)
  })

  it('silence: the same version again', () => {
    expect(step(AT_7, WATCH, ended(silent))).toMatchObject({ next: WATCH, reason: 'silent' })
  })

  it('a version in the future of the server: listed again', () => {
    expect(step(AT_7, WATCH, ended(tooLarge))).toMatchObject({ next: RELIST, reason: 'expired' })
  })

  it('a very short one without an event counts as a failure, with events only as an early end', () => {
    const short = ended(undefined, { durationMs: 999, events: 0 })
    expect(step(AT_7, WATCH, short)).toMatchObject({ next: WATCH, delayMs: 800, reason: 'short' })
    expect(step(AT_7, WATCH, { ...short, events: 1 })).toMatchObject({
      next: WATCH,
      delayMs: 100,
      reason: 'closed',
    })
  })

  it('lists again when 5xx answers do not end', () => {
    let known = AT_7
    for (let count = 0; count < MAX_DOUBTS; count += 1) {
      const decision = step(known, WATCH, ended(failure('KUBE_SERVER_ERROR'), { events: 0 }))
      expect(decision.next).toEqual(WATCH)
      known = decision.knowledge
    }
    expect(step(known, WATCH, ended(failure('KUBE_SERVER_ERROR'), { events: 0 })).next).toEqual(FIRST)
    expect(step(known, WATCH, ended(failure('KUBE_SERVER_ERROR'), { events: 1 })).next).toEqual(WATCH)
  })
})

describe('after a list', () => {
  it('watches from the version of complete pages', () => {
    const decision = step(NOTHING_KNOWN, PAGES, ended(undefined, { listed: true }))
    expect(decision).toEqual({ next: WATCH, knowledge: AT_7, delayMs: 0 })
  })

  it('resumes as a watch what broke only after the list was complete', () => {
    const broken = ended(failure('KUBE_UNREACHABLE'), { listed: true })
    expect(step(NOTHING_KNOWN, FIRST, broken)).toMatchObject({ next: WATCH })
    expect(
      step(NOTHING_KNOWN, FIRST, ended(undefined, { listed: true, events: 0, durationMs: 5 })),
    ).toMatchObject({
      next: WATCH,
      reason: 'closed',
    })
  })

  it.each([
    [
      'refused initial events: pages, at once and from then on',
      FIRST,
      'KUBE_INVALID',
      PAGES,
      0,
      'unsupported',
    ],
    ['unreachable: the same again', FIRST, 'KUBE_UNREACHABLE', FIRST, 800, 'unreachable'],
    ['forbidden: the same again', FIRST, 'KUBE_FORBIDDEN', FIRST, 800, 'denied'],
    ['500: the other way', FIRST, 'KUBE_SERVER_ERROR', PAGES, 800, 'server-error'],
    ['500 for pages: the other way', PAGES, 'KUBE_SERVER_ERROR', FIRST, 800, 'server-error'],
    ['a continue token that ran out: from the first page', PAGES, 'KUBE_EXPIRED', PAGES, 0, 'expired'],
  ] as const)('%s', (_what, attempt, code, next, delayMs, reason) => {
    expect(step(NOTHING_KNOWN, attempt, unlisted(failure(code)))).toMatchObject({ next, delayMs, reason })
  })

  it('asks for the newest when the last version is not to be had', () => {
    const outcome = ended(failure('KUBE_EXPIRED'), { events: 0 })
    expect(step(AT_7, RELIST, outcome).next).toEqual(FIRST)
    expect(step(AT_7, { kind: 'pages', resourceVersion: '7' }, outcome).next).toEqual(PAGES)
  })

  it('takes a stream that ends before its bookmark for broken, and tries pages', () => {
    expect(step(NOTHING_KNOWN, FIRST, unlisted())).toMatchObject({
      next: PAGES,
      delayMs: 800,
      reason: 'broken',
    })
  })

  it('keeps to pages where the server has no WatchList', () => {
    const { knowledge } = step(NOTHING_KNOWN, FIRST, unlisted(failure('KUBE_INVALID')))
    const expired = ended(failure('KUBE_EXPIRED'))
    expect(step({ ...knowledge, resourceVersion: '7' }, WATCH, expired).next.kind).toBe('pages')
    expect(step(knowledge, PAGES, unlisted(failure('KUBE_SERVER_ERROR'))).next).toEqual(PAGES)
  })
})

describe('the pause', () => {
  it('grows from 0.8 to 30 s and starts small after two healthy minutes', () => {
    const pauses: number[] = []
    let known = AT_7
    for (let count = 0; count < 8; count += 1) {
      const decision = step(known, WATCH, ended(failure('KUBE_UNREACHABLE')))
      pauses.push(decision.delayMs)
      known = decision.knowledge
    }
    expect(pauses).toEqual([800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000])
    const healthy = ended(failure('KUBE_UNREACHABLE'), { durationMs: 120_000 })
    expect(step(known, WATCH, healthy).delayMs).toBe(800)
  })

  it('is there after the second failure at the latest, and never a watch without a version', () => {
    const code = fc.constantFrom<ErrorCode>(
      'KUBE_EXPIRED',
      'KUBE_THROTTLED',
      'KUBE_SERVER_ERROR',
      'KUBE_UNREACHABLE',
      'KUBE_FORBIDDEN',
      'KUBE_NOT_FOUND',
      'KUBE_INVALID',
      'KUBE_WATCH_BROKEN',
      'KUBE_TOO_LARGE',
      'INTERNAL',
    )
    fc.assert(
      fc.property(fc.array(code, { minLength: 2, maxLength: 30 }), fc.boolean(), (codes, begun) => {
        let known = begun ? AT_7 : NOTHING_KNOWN
        let attempt: Attempt = begun ? WATCH : FIRST
        for (const [index, next] of codes.entries()) {
          const outcome = ended(failure(next), { resourceVersion: known.resourceVersion, events: 0 })
          const decision = step(known, attempt, outcome)
          if (index > 0) expect(decision.delayMs).toBeGreaterThanOrEqual(800)
          if (decision.next.kind === 'watch') expect(decision.next.resourceVersion).not.toBe('')
          known = decision.knowledge
          attempt = decision.next
        }
      }),
    )
  })
})
