import { type ControllerRevisionProjection, controllerRevisionOf } from '../controller-revision-projection.ts'
import { metaProjection, NO_META, readMeta } from './meta.ts'
import type { ProtoReader } from './reader.ts'

/** The projection of an apps/v1 ControllerRevision (metadata = 1, data = 2): the same as projectControllerRevision gives in JSON. */
export function readControllerRevision(reader: ProtoReader): ControllerRevisionProjection {
  let meta = NO_META
  let data: unknown
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        meta = readMeta(reader)
        break
      case 2:
        data = readData(reader)
        break
      default:
        reader.skip()
    }
  }
  return controllerRevisionOf(metaProjection(meta), data)
}

/** RawExtension: raw = 1, of which Kubernetes demands that it is JSON. Undefined where it is not. */
function readData(reader: ProtoReader): unknown {
  let raw = ''
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.field === 1) raw = reader.text()
    else reader.skip()
  }
  reader.leave(outer)
  try {
    return JSON.parse(raw)
  } catch {
    // Not swallowed: without data the projection says `unreadable`.
    return undefined
  }
}
