import { expect, test } from 'vitest'
import { acceptsGzip } from '#server/accepts-gzip.ts'

test.each([
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['deflate, GZIP;q=0.5, br', true],
  ['gzip;q=0, *', false],
  ['gzip; q=0', false],
  ['*', true],
  ['*;q=0', false],
  ['identity, br', false],
  ['gzip;q=nonsense', false],
])('a client that accepts %s takes gzip: %s', (header, expected) => {
  expect(acceptsGzip(header)).toBe(expected)
})
