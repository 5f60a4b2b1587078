import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DURATION_PATTERN, parseDuration } from '#time/duration.ts'

const UNITS = [
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
] as const

describe('a duration', () => {
  test.each([
    ['15m', 900_000],
    ['36h', 129_600_000],
    ['31d', 2_678_400_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['1m500ms', 60_500],
    ['0s', 0],
    ['007s', 7_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each([
    '',
    ' ',
    '15',
    'm',
    '-5m',
    '+5m',
    '1.5h',
    '15 m',
    '15m ',
    '15M',
    '1y',
    '1h-',
    'P1D',
    '٣m',
    '1e3s',
    '15m\n',
  ])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  test('is none beyond what can be counted exactly', () => {
    expect(parseDuration(`${Number.MAX_SAFE_INTEGER}ms`)).toBe(Number.MAX_SAFE_INTEGER)
    expect(parseDuration('9007199254740992ms')).toBeUndefined()
    expect(parseDuration('99999999999999999999999999999w')).toBeUndefined()
  })

  test('is the sum of its parts, in whatever order', () => {
    const part = fc.tuple(fc.nat(10_000), fc.constantFrom(...UNITS))
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.map(([count, [unit]]) => `${count}${unit}`).join('')
        expect(parseDuration(text)).toBe(parts.reduce((sum, [count, [, ms]]) => sum + count * ms, 0))
      }),
    )
  })

  test('is read exactly where the pattern of the CRD allows it', () => {
    const digitsAndUnits = fc.string({ unit: fc.constantFrom(...'01dhmsw .-'), maxLength: 8 })
    fc.assert(
      fc.property(digitsAndUnits, (text) => {
        expect(parseDuration(text) !== undefined).toBe(new RegExp(DURATION_PATTERN).test(text))
      }),
    )
  })
})
