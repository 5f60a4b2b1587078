import { KEEP_ANNOTATION } from '../keep.ts'
import type { MetaProjection, OwnerProjection } from '../meta-projection.ts'
import { readAnnotation } from './annotation.ts'
import type { ProtoReader } from './reader.ts'
import { readTime } from './time.ts'

const KEEP_KEY = Buffer.from(KEEP_ANNOTATION)

export interface Meta extends MetaProjection {
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly deleting: boolean
}

export const NO_META: Meta = emptyMeta()

/** What a projection of any kind keeps. */
export function metaProjection({ uid, namespace, name, resourceVersion, owner, keep }: Meta): MetaProjection {
  return { uid, namespace, name, resourceVersion, owner, keep }
}

/**
 * ObjectMeta: name = 1, namespace = 3, uid = 5, resourceVersion = 6, creationTimestamp = 8, deletionTimestamp = 9,
 * annotations = 12, ownerReferences = 13.
 */
export function readMeta(reader: ProtoReader): Meta {
  const meta = emptyMeta()
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
      case 12:
        meta.keep = readAnnotation(reader, KEEP_KEY) ?? meta.keep
        break
      case 13:
        if (meta.owner === undefined) meta.owner = readController(reader)
        else reader.skip()
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return meta
}

function emptyMeta(): { -readonly [Field in keyof Meta]: Meta[Field] } {
  return {
    uid: '',
    namespace: '',
    name: '',
    resourceVersion: '',
    createdAt: 0,
    deleting: false,
    owner: undefined,
    keep: '',
  }
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
