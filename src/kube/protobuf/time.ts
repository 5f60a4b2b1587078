import type { ProtoReader } from './reader.ts'

/**
 * metav1.Time (seconds = 1) in milliseconds since the epoch; 0 where it is unset. Kubernetes keeps whole seconds, and
 * writes Go's zero time, which lies in year 1, for a time that is not set.
 */
export function readTime(reader: ProtoReader): number {
  let seconds = 0
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.field === 1) seconds = reader.integer()
    else reader.skip()
  }
  reader.leave(outer)
  return Math.max(0, seconds * 1_000)
}
