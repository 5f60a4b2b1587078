// Protobuf's wire format, as far as it takes to write objects as the API server stores them.

const VARINT = 0
const BYTES = 2

export function integer(field: number, value: number): Buffer {
  return Buffer.from([...varint((field << 3) | VARINT), ...varint(value)])
}

export function text(field: number, value: string): Buffer {
  return message(field, Buffer.from(value))
}

/** A field that holds a message, made of its fields. */
export function message(field: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.from([...varint((field << 3) | BYTES), ...varint(length)]), ...parts])
}

/** The same for each value of a list. */
export function messages<T>(
  field: number,
  values: Iterable<T>,
  parts: (value: T) => readonly Buffer[],
): Buffer {
  return Buffer.concat([...values].map((value) => message(field, ...parts(value))))
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
  return bytes
}
