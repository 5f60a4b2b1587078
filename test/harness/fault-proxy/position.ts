import type { Position } from './faults.ts'

/** Finds a Position in a body that arrives in chunks. */
export interface PositionFinder {
  /** How many bytes of `chunk` lie before the position, or undefined while it is not reached by the end of `chunk`. */
  find(chunk: Uint8Array): number | undefined
}

export function positionFinder(position: Position): PositionFinder {
  if (typeof position === 'number') return byteFinder(position)
  return 'lines' in position ? lineFinder(position.lines) : frameFinder(position.frames)
}

function byteFinder(bytes: number): PositionFinder {
  let left = bytes
  return {
    find(chunk) {
      if (chunk.length >= left) return left
      left -= chunk.length
      return undefined
    },
  }
}

const NEWLINE = 0x0a

function lineFinder(lines: number): PositionFinder {
  let left = lines
  return {
    find(chunk) {
      let offset = 0
      while (left > 0) {
        const newline = chunk.indexOf(NEWLINE, offset)
        if (newline < 0) return undefined
        left -= 1
        offset = newline + 1
      }
      return offset
    },
  }
}

const LENGTH_BYTES = 4

function frameFinder(frames: number): PositionFinder {
  let left = frames
  let lengthBytesRead = 0
  let payloadLeft = 0
  return {
    find(chunk) {
      let offset = 0
      while (left > 0) {
        while (lengthBytesRead < LENGTH_BYTES) {
          const byte = chunk[offset]
          if (byte === undefined) return undefined
          payloadLeft = payloadLeft * 256 + byte
          lengthBytesRead += 1
          offset += 1
        }
        const step = Math.min(payloadLeft, chunk.length - offset)
        payloadLeft -= step
        offset += step
        if (payloadLeft > 0) return undefined
        left -= 1
        lengthBytesRead = 0
      }
      return offset
    },
  }
}
