import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { ErrorCode } from '#catalogue/error-codes.ts'
import { type Look, lookTwice, SECOND_LOOK_AFTER_MS, sightOf } from '#scan/look.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

/** One error for each way in which a look can fail; `present` is a look that succeeds. */
const OUTCOMES = {
  present: undefined,
  absent: 'REGISTRY_ABSENT',
  damaged: 'REGISTRY_SIZE_MISMATCH',
  denied: 'REGISTRY_FORBIDDEN',
  unreachable: 'REGISTRY_TIMEOUT',
  throttled: 'REGISTRY_THROTTLED',
  unsupported: 'REGISTRY_MEDIA_TYPE',
  conflict: 'REGISTRY_UPLOAD_LOST',
} as const satisfies Record<string, ErrorCode | undefined>
type Outcome = keyof typeof OUTCOMES

interface Seen {
  readonly look: Look<string>
  readonly looks: number
  readonly tookMs: number
}

/** Looks, with each answer given once and the last one for ever. */
async function looking(...outcomes: readonly Outcome[]): Promise<Seen> {
  const clock = new FakeClock()
  let looks = 0
  const look = async () => {
    const outcome = outcomes[Math.min(looks, outcomes.length - 1)] ?? 'present'
    looks += 1
    const code = OUTCOMES[outcome]
    if (code === undefined) return `seen at look ${looks}`
    throw new TallymanError(code, `look ${looks}`)
  }
  const found = lookTwice(look, { clock, signal: new AbortController().signal })
  await clock.advance(10 * SECOND_LOOK_AFTER_MS)
  return { look: await found, looks, tookMs: clock.monotonic() }
}

function stateOf(look: Look<string>): string {
  return 'error' in look ? sightOf(look.error).state : 'present'
}

describe('S22: two looks before anything is called absent or damaged', () => {
  test.each<[Outcome, Outcome, string]>([
    ['absent', 'absent', 'absent'],
    ['absent', 'damaged', 'damaged'],
    ['absent', 'denied', 'denied'],
    ['absent', 'unreachable', 'unreachable'],
    ['absent', 'throttled', 'unreachable'],
    ['absent', 'unsupported', 'unsupported'],
    ['absent', 'conflict', 'unreachable'],
    ['absent', 'present', 'present'],
    ['damaged', 'absent', 'damaged'],
    ['damaged', 'damaged', 'damaged'],
    ['damaged', 'denied', 'denied'],
    ['damaged', 'unreachable', 'unreachable'],
    ['damaged', 'throttled', 'unreachable'],
    ['damaged', 'unsupported', 'unsupported'],
    ['damaged', 'conflict', 'unreachable'],
    ['damaged', 'present', 'present'],
  ])('%s, then %s: %s', async (first, second, state) => {
    const seen = await looking(first, second)
    expect(stateOf(seen.look)).toBe(state)
    expect(seen.looks).toBe(2)
  })

  test.each<[Outcome, string]>([
    ['present', 'present'],
    ['denied', 'denied'],
    ['unreachable', 'unreachable'],
    ['throttled', 'unreachable'],
    ['unsupported', 'unsupported'],
    ['conflict', 'unreachable'],
  ])('%s is %s at the first look', async (first, state) => {
    const seen = await looking(first, 'absent')
    expect(stateOf(seen.look)).toBe(state)
    expect(seen.looks).toBe(1)
  })

  const outcome = fc.constantFrom<Outcome>(
    ...(['present', 'absent', 'damaged', 'denied'] as const),
    ...(['unreachable', 'throttled', 'unsupported', 'conflict'] as const),
  )

  test('absent only where both looks were absent, damaged only where both failed on the content', async () => {
    await fc.assert(
      fc.asyncProperty(outcome, outcome, async (first, second) => {
        const { look, looks } = await looking(first, second)
        expect(looks).toBeLessThanOrEqual(2)
        if (stateOf(look) === 'absent') expect([first, second]).toEqual(['absent', 'absent'])
        if (stateOf(look) === 'damaged') {
          for (const each of [first, second]) expect(['absent', 'damaged']).toContain(each)
        }
        if (first === 'present' || (looks === 2 && second === 'present')) {
          expect(look).toEqual({ value: `seen at look ${looks}` })
        }
      }),
    )
  })

  test('with a pause between them', async () => {
    const clock = new FakeClock()
    let looks = 0
    const found = lookTwice(
      async () => {
        looks += 1
        throw new TallymanError('REGISTRY_ABSENT', '404')
      },
      { clock, signal: new AbortController().signal },
    )
    await clock.advance(SECOND_LOOK_AFTER_MS - 1)
    expect(looks).toBe(1)
    await clock.advance(1)
    expect(looks).toBe(2)
    expect(stateOf(await found)).toBe('absent')
  })
})

describe('what is no fact about the registry', () => {
  const failing = (error: unknown) => async () => {
    throw error
  }

  test('is thrown: our own defect', async () => {
    const options = { clock: new FakeClock(), signal: new AbortController().signal }
    await expect(lookTwice(failing(new TypeError('x is undefined')), options)).rejects.toMatchObject({
      code: 'INTERNAL',
    })
  })

  test('is thrown: the reason of the signal, whatever the look says', async () => {
    const reason = new TallymanError('TIMED_OUT', 'the run took too long')
    const options = { clock: new FakeClock(), signal: AbortSignal.abort(reason) }
    const absent = failing(new TallymanError('REGISTRY_ABSENT', '404'))
    await expect(lookTwice(absent, options)).rejects.toBe(reason)
  })

  test('is thrown: a stop between the two looks', async () => {
    const stop = new AbortController()
    const clock = new FakeClock()
    const found = lookTwice(failing(new TallymanError('REGISTRY_ABSENT', '404')), {
      clock,
      signal: stop.signal,
    })
    const outcome = expect(found).rejects.toThrow('stopped')
    await clock.advance(SECOND_LOOK_AFTER_MS / 2)
    stop.abort(new TallymanError('CANCELLED', 'stopped'))
    await outcome
    expect(clock.pending).toBe(0)
  })
})
