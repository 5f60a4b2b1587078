import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeHelmRelease } from '#clusters/helm-decode.ts'

const base64 = (bytes: string | Buffer) => Buffer.from(bytes).toString('base64')
const compressed = (text: string | Buffer) => base64(base64(gzipSync(text)))

describe('decodeHelmRelease', () => {
  test('reads what Helm stores, compressed or not', () => {
    const text = JSON.stringify({ name: 'web', manifest: 'image: größer:1\n' })
    expect(decodeHelmRelease(compressed(text))).toBe(text)
    expect(decodeHelmRelease(base64(base64(text)))).toBe(text)
  })

  test('reads nothing from what is empty, cut off or damaged', () => {
    expect(decodeHelmRelease('')).toBeUndefined()
    const whole = gzipSync('{"name":"web"}'.repeat(100))
    expect(decodeHelmRelease(base64(base64(whole.subarray(0, -12))))).toBeUndefined()
    expect(decodeHelmRelease(base64(base64(Buffer.from([0x1f, 0x8b]))))).toBeUndefined()
    const damaged = Buffer.from(whole)
    damaged[20] = (damaged[20] ?? 0) ^ 0xff
    expect(decodeHelmRelease(base64(base64(damaged)))).toBeUndefined()
  })

  test('unpacks 32 MiB and not a byte more', () => {
    const limit = 32 * 1024 * 1024
    expect(decodeHelmRelease(compressed(Buffer.alloc(limit, ' ')))).toHaveLength(limit)
    expect(decodeHelmRelease(compressed(Buffer.alloc(limit + 1, ' ')))).toBeUndefined()
  })

  test('never throws, whatever the text', () => {
    const bytes = fc.uint8Array().map((array) => base64(base64(Buffer.from(array))))
    const gzip = fc.uint8Array().map((array) => base64(base64(Buffer.from([0x1f, 0x8b, 8, 0, ...array]))))
    fc.assert(
      fc.property(fc.oneof(fc.string(), bytes, gzip), (text) => {
        expect(['string', 'undefined']).toContain(typeof decodeHelmRelease(text))
      }),
    )
  })
})
