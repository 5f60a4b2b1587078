import type { TextDecode } from './reader.ts'

const SLOTS = 8_192
const LONGEST = 512

/**
 * A decoder that hands out the same string for equal bytes as long as it remembers them: a bounded cache in which a
 * newer string takes the slot of an older one. A pod has some thirty strings, nearly all of which other pods have too;
 * most of the garbage of a list is copies of them.
 */
export function stringInterner(): TextDecode {
  const slots: (string | undefined)[] = new Array(SLOTS).fill(undefined)
  return (bytes, start, end) => {
    const length = end - start
    if (length === 0) return ''
    if (length > LONGEST) return bytes.toString('utf8', start, end)
    const slot = hash(bytes, start, end) & (SLOTS - 1)
    const known = slots[slot]
    if (known !== undefined && equal(known, bytes, start, length)) return known
    const made = bytes.toString('utf8', start, end)
    // Only ASCII compares code unit by byte.
    if (made.length === length) slots[slot] = made
    return made
  }
}

/** FNV-1a, 32 bits. */
function hash(bytes: Buffer, start: number, end: number): number {
  let value = 0x811c9dc5
  for (let index = start; index < end; index += 1) {
    value = Math.imul(value ^ (bytes[index] ?? 0), 0x01000193)
  }
  return value ^ (value >>> 15)
}

function equal(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let index = 0; index < length; index += 1) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false
  }
  return true
}
