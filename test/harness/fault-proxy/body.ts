import type { Readable } from 'node:stream'
import { systemClock } from '#time/clock.ts'
import { untilAborted } from './aborting.ts'
import type { CorruptFault, DripFault, Fault, InjectFault, Position } from './faults.ts'
import { positionFinder } from './position.ts'

export type Body = AsyncIterable<Uint8Array>

/** Thrown inside a body where the connection ends before the body does. */
export class WireEnd extends Error {
  override readonly name = 'WireEnd'
  readonly how: WireEnding

  constructor(how: WireEnding) {
    super(`the connection ends here: ${how}`)
    this.how = how
  }
}

/** `fin` closes cleanly (with TLS's close_notify), `destroy` just closes the socket, `reset` sends a TCP RST. */
export type WireEnding = 'fin' | 'destroy' | 'reset'

/** The chunks of `stream` as they come. Leaving the loop early does not destroy the stream. */
export async function* chunksOf(stream: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    if (!(chunk instanceof Uint8Array)) throw new Error('a stream of bytes gave something else')
    yield chunk
  }
}

/** The answer's body as the faults change it, applied in their order. */
export function shapedAnswer(body: Body, faults: readonly Fault[], signal: AbortSignal): Body {
  return faults.reduce((shaped, fault) => shapeAnswer(shaped, fault, signal), body)
}

function shapeAnswer(body: Body, fault: Fault, signal: AbortSignal): Body {
  switch (fault.kind) {
    case 'delay':
      return fault.at === 'chunks' ? delayed(body, fault.ms, signal) : body
    case 'drip':
      return dripped(body, fault, signal)
    case 'corrupt':
      return corrupted(body, fault)
    case 'inject':
      return injected(body, fault)
    case 'cut':
      return fault.at === 'body' ? upTo(body, fault.after, cutter(fault.reset)) : body
    case 'halfOpen':
      return fault.at === 'body' ? upTo(body, fault.after, () => untilAborted(signal)) : body
    case 'truncate':
      return upTo(body, fault.after, fault.length === 'kept' ? finisher : undefined)
    default:
      return body
  }
}

/** The upload as the faults change it. */
export function shapedUpload(body: Body, faults: readonly Fault[]): Body {
  return faults.reduce((shaped, fault) => {
    const cuts = fault.kind === 'cut' && fault.at === 'upload'
    return cuts ? upTo(shaped, fault.afterBytes, cutter(fault.reset)) : shaped
  }, body)
}

const cutter = (reset: boolean | undefined) => () => Promise.reject(new WireEnd(reset ? 'reset' : 'destroy'))
const finisher = () => Promise.reject(new WireEnd('fin'))

/** The body up to `position`; there `then` is awaited where given, and the body ends. */
async function* upTo(body: Body, position: Position, then?: () => Promise<unknown>): Body {
  const finder = positionFinder(position)
  for await (const chunk of startingEmpty(body)) {
    const end = finder.find(chunk)
    if (end === undefined) {
      yield chunk
      continue
    }
    yield chunk.subarray(0, end)
    await then?.()
    return
  }
}

async function* injected(body: Body, fault: InjectFault): Body {
  const finder = positionFinder(fault.after)
  let done = false
  for await (const chunk of startingEmpty(body)) {
    const at = done ? undefined : finder.find(chunk)
    if (at === undefined) {
      yield chunk
      continue
    }
    done = true
    yield chunk.subarray(0, at)
    yield Buffer.from(fault.bytes)
    if (fault.end) return
    yield chunk.subarray(at)
  }
}

/** An empty chunk first, so that position 0 is found before a stream that stays silent gives its first byte. */
async function* startingEmpty(body: Body): Body {
  yield new Uint8Array(0)
  yield* body
}

async function* delayed(body: Body, ms: number, signal: AbortSignal): Body {
  for await (const chunk of body) {
    await systemClock.sleep(ms, signal)
    yield chunk
  }
}

const DRIPS_PER_SECOND = 20

async function* dripped(body: Body, { bytesPerSecond }: DripFault, signal: AbortSignal): Body {
  const size = Math.max(1, Math.floor(bytesPerSecond / DRIPS_PER_SECOND))
  for await (const chunk of body) {
    for (let offset = 0; offset < chunk.length; offset += size) {
      const piece = chunk.subarray(offset, offset + size)
      await systemClock.sleep((piece.length * 1_000) / bytesPerSecond, signal)
      yield piece
    }
  }
}

async function* corrupted(body: Body, { offset = 0, count = 1 }: CorruptFault): Body {
  let start = 0
  for await (const chunk of body) {
    const from = Math.max(0, offset - start)
    const to = Math.min(chunk.length, offset + count - start)
    yield from < to ? inverted(chunk, from, to) : chunk
    start += chunk.length
  }
}

function inverted(chunk: Uint8Array, from: number, to: number): Uint8Array {
  return chunk.map((byte, index) => (index >= from && index < to ? byte ^ 0xff : byte))
}
