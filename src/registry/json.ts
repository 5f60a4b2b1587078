/**
 * Go's encoding/json, and with it every registry and container runtime, refuses deeper nesting. Nothing that deep can be
 * pulled, and our own code must not recurse into it.
 */
const MAX_DEPTH = 10_000
/** Each level takes an opening and a closing byte. */
const TOO_SHORT_TO_BE_DEEP = 2 * MAX_DEPTH

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = new Set([0x7b, 0x5b])
const CLOSE = new Set([0x7d, 0x5d])

/** The value, or undefined where the bytes are no JSON or nested deeper than any runtime reads. */
export function parseJson(bytes: Uint8Array): { readonly value: unknown } | undefined {
  if (bytes.byteLength > TOO_SHORT_TO_BE_DEEP && depthExceeds(bytes, MAX_DEPTH)) return undefined
  try {
    return { value: JSON.parse(asBuffer(bytes).toString('utf8')) }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}

function depthExceeds(bytes: Uint8Array, limit: number): boolean {
  let depth = 0
  let inString = false
  for (let index = 0; index < bytes.byteLength; index++) {
    const byte = bytes[index] ?? 0
    if (inString) {
      if (byte === BACKSLASH) index += 1
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (OPEN.has(byte)) {
      depth += 1
      if (depth > limit) return true
    } else if (CLOSE.has(byte)) depth -= 1
  }
  return false
}

/** The same bytes with Buffer's methods; no copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
