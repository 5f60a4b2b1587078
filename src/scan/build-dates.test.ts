import { expect, test } from 'vitest'
import { knownDate } from '#scan/build-dates.ts'

const NOW = Date.UTC(2026, 0, 15)

test.each([
  undefined,
  '',
  'yesterday',
  '0001-01-01T00:00:00Z',
  '1970-01-01T00:00:00Z',
  '1980-01-01T00:00:01Z',
  '2026-01-16T00:00:00Z',
])('%s is no date that says when an image was built', (text) => {
  expect(knownDate(text, NOW)).toBeUndefined()
})

test.each(['2026-01-14T23:59:59Z', '2020-02-29T12:00:00.123456789Z', '2026-01-15T00:00:00Z'])(
  '%s is one',
  (text) => {
    expect(knownDate(text, NOW)).toBe(Date.parse(text))
  },
)
