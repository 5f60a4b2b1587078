import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasCode } from '#catalogue/error.ts'
import { podCodec } from '#kube/codecs.ts'
import { stringInterner } from '#kube/protobuf/interner.ts'
import { ProtoReader } from '#kube/protobuf/reader.ts'

/** The encoding by its specification (protobuf.dev), as the reader's counterpart. */
function varint(value: bigint): number[] {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}

type Field =
  | { readonly number: number; readonly value: bigint }
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly fixed: 4 | 8 }

function encode(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map((field) => {
      const key = (wireType: number) => varint(BigInt(field.number * 8 + wireType))
      if ('value' in field) return Buffer.from([...key(0), ...varint(field.value)])
      if ('fixed' in field)
        return Buffer.from([...key(field.fixed === 4 ? 5 : 1), ...Buffer.alloc(field.fixed, 7)])
      const text = Buffer.from(field.text)
      return Buffer.concat([Buffer.from([...key(2), ...varint(BigInt(text.length))]), text])
    }),
  )
}

const safeInteger = fc.maxSafeInteger().map(BigInt)
const number = fc.integer({ min: 1, max: 2 ** 29 - 1 })
const fields = fc.array(
  fc.oneof(
    fc.record({ number, value: safeInteger }),
    fc.record({ number, text: fc.string({ unit: 'grapheme', maxLength: 200 }) }),
    fc.record({ number, fixed: fc.constantFrom<4 | 8>(4, 8) }),
  ),
  { maxLength: 12 },
)

describe('ProtoReader', () => {
  it('reads every field back, negative numbers and any text too', () => {
    fc.assert(
      fc.property(fields, (written) => {
        const reader = new ProtoReader(encode(written), stringInterner())
        const read: Field[] = []
        while (reader.next()) {
          const expected = written[read.length]
          const at = reader.field
          if (expected !== undefined && 'value' in expected)
            read.push({ number: at, value: BigInt(reader.integer()) })
          else if (expected !== undefined && 'text' in expected)
            read.push({ number: at, text: reader.repeated() })
          else {
            reader.skip()
            read.push({ number: at, fixed: expected?.fixed ?? 4 })
          }
        }
        expect(read).toEqual(written)
      }),
    )
  })

  it('skips whatever it is not asked for', () => {
    fc.assert(
      fc.property(fields, (written) => {
        const reader = new ProtoReader(encode(written))
        const numbers: number[] = []
        while (reader.next()) {
          numbers.push(reader.field)
          reader.skip()
        }
        expect(numbers).toEqual(written.map((field) => field.number))
      }),
    )
  })

  it('comes back out of an embedded message that was not read to its end', () => {
    const inner = encode([
      { number: 1, text: 'a' },
      { number: 2, text: 'b' },
    ])
    const reader = new ProtoReader(
      encode([
        { number: 3, text: inner.toString('latin1') },
        { number: 4, value: 9n },
      ]),
    )
    expect(reader.next()).toBe(true)
    const outer = reader.enter()
    expect([reader.next(), reader.text()]).toEqual([true, 'a'])
    reader.leave(outer)
    expect([reader.next(), reader.field, reader.integer(), reader.next()]).toEqual([true, 4, 9, false])
  })

  it.each([
    ['a length beyond the end', [0x0a, 0x05, 0x61]],
    ['a varint cut off', [0x08, 0x80]],
    ['a varint without end', [0x08, ...new Array<number>(11).fill(0x80)]],
    ['the field number 0', [0x00, 0x01]],
    ['a group', [0x0b]],
    ['a fixed value cut off', [0x0d, 0x01]],
  ])('refuses %s', (_what, bytes) => {
    const reader = new ProtoReader(Uint8Array.from(bytes))
    const walk = () => {
      while (reader.next()) reader.skip()
    }
    expect(walk).toThrow(expect.objectContaining({ code: 'KUBE_WATCH_BROKEN' }))
  })

  it('answers any bytes in the place of an event with a value or an error of its own', () => {
    const codec = podCodec()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          codec.event(Buffer.from(bytes))
        } catch (error) {
          expect(hasCode(error, 'KUBE_WATCH_BROKEN')).toBe(true)
        }
      }),
    )
  })
})

describe('the interner', () => {
  it('decodes every text as UTF-8 does, and equal short texts to the same string', () => {
    const decode = stringInterner()
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const bytes = Buffer.from(`<${text}>`)
        const plain = bytes.toString('utf8', 1, bytes.length - 1)
        expect(decode(bytes, 1, bytes.length - 1)).toBe(plain)
        expect(decode(Buffer.from(bytes), 1, bytes.length - 1)).toBe(plain)
      }),
    )
  })
})
