/**
 * Go's encoding/json, and with it every registry and container runtime, refuses deeper nesting. Nothing that deep can be
 * pulled, and our own code must not recurse into it.
 */
const MAX_DEPTH = 10_000
/**
 * Each value takes up to some hundred bytes once it is parsed, and may take three in the text. A manifest of the largest
 * size that names nothing but descriptors holds 150,000.
 */
const MAX_VALUES = 250_000
/** Each level takes an opening and a closing byte. */
const TOO_SHORT_TO_BE_DEEP = 2 * MAX_DEPTH

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = new Set([0x7b, 0x5b])
const CLOSE = new Set([0x7d, 0x5d])
const COMMA = 0x2c

/** The value, or undefined where the bytes are no JSON, or deeper or of more values than anything that can be pulled. */
export function parseJson(bytes: Uint8Array): { readonly value: unknown } | undefined {
  if (bytes.byteLength > TOO_SHORT_TO_BE_DEEP && exceedsBounds(bytes)) return undefined
  try {
    return { value: JSON.parse(asBuffer(bytes).toString('utf8')) }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}

function exceedsBounds(bytes: Uint8Array): boolean {
  let depth = 0
  let values = 0
  let inString = false
  for (let index = 0; index < bytes.byteLength; index++) {
    const byte = bytes[index] ?? 0
    if (inString) {
      if (byte === BACKSLASH) index += 1
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === COMMA) values += 1
    else if (OPEN.has(byte)) {
      depth += 1
      values += 1
      if (depth > MAX_DEPTH) return true
    } else if (CLOSE.has(byte)) depth -= 1
  }
  return values > MAX_VALUES
}

/** The same bytes with Buffer's methods; no copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
