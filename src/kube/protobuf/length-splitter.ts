import { TallymanError } from '#catalogue/error.ts'
import { type FrameSplitter, MAX_FRAME_BYTES } from '../codec.ts'
import { FrameBuffer } from '../frame-buffer.ts'

const HEADER_BYTES = 4

/** Frames of a protobuf watch: four bytes of length, big-endian, then a WatchEvent. */
export function lengthSplitter(): FrameSplitter {
  const begun = new FrameBuffer()
  return {
    get pending() {
      return begun.length
    },
    push(chunk, onFrame) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      let start = 0
      while (begun.length > 0 && start < bytes.length) {
        const wanted = begun.length < HEADER_BYTES ? HEADER_BYTES : frameEnd(begun.content, 0)
        const end = Math.min(bytes.length, start + wanted - begun.length)
        begun.append(bytes, start, end)
        start = end
        if (begun.length < HEADER_BYTES || begun.length < frameEnd(begun.content, 0)) continue
        onFrame(begun.content.subarray(HEADER_BYTES))
        begun.clear()
      }
      while (start < bytes.length) {
        const end = bytes.length - start < HEADER_BYTES ? Number.POSITIVE_INFINITY : frameEnd(bytes, start)
        if (end > bytes.length) {
          begun.append(bytes, start, bytes.length)
          return
        }
        onFrame(bytes.subarray(start + HEADER_BYTES, end))
        start = end
      }
    },
  }
}

function frameEnd(bytes: Buffer, start: number): number {
  const length = bytes.readUInt32BE(start)
  if (length > MAX_FRAME_BYTES) {
    throw new TallymanError('KUBE_TOO_LARGE', `One event of a watch claims ${length} bytes`)
  }
  return start + HEADER_BYTES + length
}
