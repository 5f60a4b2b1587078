import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Position } from '#test/harness/fault-proxy/faults.ts'
import { positionFinder } from '#test/harness/fault-proxy/position.ts'

/** Where the position lies in `bytes`, when they come in pieces of these sizes. */
function found(bytes: Uint8Array, position: Position, sizes: readonly number[]): number | undefined {
  const finder = positionFinder(position)
  let start = 0
  for (const size of [...sizes, bytes.length]) {
    const chunk = bytes.subarray(start, start + size)
    const at = finder.find(chunk)
    if (at !== undefined) return start + at
    start += chunk.length
  }
  return undefined
}

const pieces = fc.array(fc.nat(7), { maxLength: 30 })

test('a place in bytes is found however they are cut into chunks', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(70), pieces, (bytes, at, sizes) => {
      expect(found(bytes, at, sizes)).toBe(at <= bytes.length ? at : undefined)
    }),
  )
})

test('a place in lines lies behind a newline, however they are cut into chunks', () => {
  const lines = fc.array(
    fc.string({ maxLength: 9 }).filter((line) => !line.includes('\n')),
    { minLength: 1 },
  )
  fc.assert(
    fc.property(lines, fc.nat(12), pieces, (texts, n, sizes) => {
      const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''))
      const upTo = Buffer.byteLength(
        texts
          .slice(0, n)
          .map((text) => `${text}\n`)
          .join(''),
      )
      expect(found(bytes, { lines: n }, sizes)).toBe(n <= texts.length ? upTo : undefined)
    }),
  )
})

test('a place in frames lies behind a whole frame, however they are cut into chunks', () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1 })
  fc.assert(
    fc.property(payloads, fc.nat(12), pieces, (frames, n, sizes) => {
      const framed = frames.map((payload) => {
        const length = Buffer.alloc(4)
        length.writeUInt32BE(payload.length)
        return Buffer.concat([length, payload])
      })
      const upTo = Buffer.concat(framed.slice(0, n)).length
      expect(found(Buffer.concat(framed), { frames: n }, sizes)).toBe(n <= frames.length ? upTo : undefined)
    }),
  )
})
