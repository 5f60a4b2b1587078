import type { OwnerProjection } from '../pod-projection.ts'
import type { ProtoReader } from './reader.ts'
import { readTime } from './time.ts'

export interface Meta {
  uid: string
  namespace: string
  name: string
  resourceVersion: string
  createdAt: number
  deleting: boolean
  controller: OwnerProjection | undefined
}

/**
 * ObjectMeta: name = 1, namespace = 3, uid = 5, resourceVersion = 6, creationTimestamp = 8, deletionTimestamp = 9,
 * ownerReferences = 13.
 */
export function readMeta(reader: ProtoReader): Meta {
  const meta: Meta = {
    uid: '',
    namespace: '',
    name: '',
    resourceVersion: '',
    createdAt: 0,
    deleting: false,
    controller: undefined,
  }
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        meta.name = reader.text()
        break
      case 3:
        meta.namespace = reader.repeated()
        break
      case 5:
        meta.uid = reader.text()
        break
      case 6:
        meta.resourceVersion = reader.text()
        break
      case 8:
        meta.createdAt = readTime(reader)
        break
      case 9:
        meta.deleting = readTime(reader) > 0
        break
      case 13:
        meta.controller = readController(reader) ?? meta.controller
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return meta
}

/** OwnerReference: kind = 1, name = 3, uid = 4, controller = 6. Undefined where it is not the controller. */
function readController(reader: ProtoReader): OwnerProjection | undefined {
  let kind = ''
  let name = ''
  let uid = ''
  let isController = false
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        kind = reader.repeated()
        break
      case 3:
        name = reader.repeated()
        break
      case 4:
        uid = reader.repeated()
        break
      case 6:
        isController = reader.boolean()
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return isController ? { kind, name, uid } : undefined
}
