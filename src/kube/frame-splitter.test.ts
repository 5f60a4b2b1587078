import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FrameSplitter, MAX_FRAME_BYTES } from '#kube/codec.ts'
import { lineSplitter } from '#kube/json-codec.ts'
import { lengthSplitter } from '#kube/protobuf/length-splitter.ts'

/** What comes out when `bytes` arrive in chunks that end at `cuts`. */
function split(splitter: FrameSplitter, bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const frames: Buffer[] = []
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  let start = 0
  for (const end of ends) {
    // A copy, overwritten afterwards: nothing may hold on to a chunk.
    const chunk = Buffer.from(bytes.subarray(start, end))
    splitter.push(chunk, (frame) => frames.push(Buffer.from(frame)))
    chunk.fill(0xff)
    start = end
  }
  return frames
}

function framed(payload: Buffer): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(payload.length)
  return Buffer.concat([header, payload])
}

const cuts = fc.array(fc.nat(), { maxLength: 20 })

describe('the splitter of JSON watches', () => {
  it('gives the same events wherever chunks end, within characters too', () => {
    const values = fc.array(fc.record({ text: fc.string({ unit: 'binary' }) }), { maxLength: 10 })
    fc.assert(
      fc.property(values, cuts, (events, at) => {
        const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
        const splitter = lineSplitter()
        const frames = split(splitter, bytes, at)
        expect(frames.map((frame) => JSON.parse(frame.toString('utf8')))).toEqual(events)
        expect(splitter.pending).toBe(0)
      }),
    )
  })

  it('ignores empty lines and reports an event that was cut off', () => {
    const splitter = lineSplitter()
    expect(split(splitter, Buffer.from('\n\n{}\n{"a"'), [4])).toEqual([Buffer.from('{}')])
    expect(splitter.pending).toBe(4)
  })

  it('refuses a line above the limit, however it arrives', () => {
    const splitter = lineSplitter()
    const chunk = Buffer.alloc(MAX_FRAME_BYTES / 4, 'x')
    const feed = () => splitter.push(chunk, () => undefined)
    for (let count = 0; count < 4; count += 1) feed()
    expect(feed).toThrow(expect.objectContaining({ code: 'KUBE_TOO_LARGE' }))
  })
})

describe('the splitter of protobuf watches', () => {
  it('gives the same frames wherever chunks end, within the length too', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 })
    fc.assert(
      fc.property(payloads, cuts, (parts, at) => {
        const expected = parts.map((part) => Buffer.from(part))
        const splitter = lengthSplitter()
        expect(split(splitter, Buffer.concat(expected.map(framed)), at)).toEqual(expected)
        expect(splitter.pending).toBe(0)
      }),
    )
  })

  it('puts together a frame much longer than a chunk', () => {
    const payload = Buffer.alloc(300_000, 'p')
    const every4k = Array.from({ length: 80 }, (_, index) => index * 4_096)
    expect(
      split(lengthSplitter(), Buffer.concat([framed(payload), framed(Buffer.from('q'))]), every4k),
    ).toEqual([payload, Buffer.from('q')])
  })

  it('reports a frame that was cut off', () => {
    const splitter = lengthSplitter()
    expect(split(splitter, Buffer.from([0, 0, 0, 2, 1]), [])).toEqual([])
    expect(splitter.pending).toBe(5)
  })

  it('refuses a length that no object has before it takes memory for it', () => {
    const splitter = lengthSplitter()
    const lie = Buffer.from([0xff, 0xff, 0xff, 0xff])
    expect(() => splitter.push(lie, () => undefined)).toThrow(
      expect.objectContaining({ code: 'KUBE_TOO_LARGE' }),
    )
  })
})
