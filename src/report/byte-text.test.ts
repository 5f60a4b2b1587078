import { expect, it } from 'vitest'
import { byteText } from '#report/byte-text.ts'

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [10_200, '10 KiB'],
  [1_048_575, '1.0 MiB'],
  [12 * 1024 ** 2, '12 MiB'],
  [5.25 * 1024 ** 4, '5.3 TiB'],
  [Number.MAX_SAFE_INTEGER, '8.0 PiB'],
])('says %s bytes as %s', (bytes, text) => {
  expect(byteText(bytes)).toBe(text)
})
