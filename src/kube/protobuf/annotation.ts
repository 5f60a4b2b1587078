import type { ProtoReader } from './reader.ts'

/**
 * The value of the annotation at the reader (an entry of a map: key = 1, value = 2) if it has this key, in UTF-8. The
 * values of others are not decoded: Kubernetes writes fields in the order of their numbers, so the key comes first.
 */
export function readAnnotation(reader: ProtoReader, key: Buffer): string | undefined {
  let value: string | undefined
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.field === 1) {
      if (!reader.textEquals(key)) break
      value = ''
    } else if (reader.field === 2 && value !== undefined) value = reader.repeated()
    else reader.skip()
  }
  reader.leave(outer)
  return value
}
