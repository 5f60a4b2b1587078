import type { NodeProjection } from '../node-projection.ts'
import { NO_META, readMeta } from './meta.ts'
import type { ProtoReader } from './reader.ts'

interface NodeStatus {
  os: string
  architecture: string
  ready: boolean
  images: string[]
}

/** The projection of a v1.Node (metadata = 1, status = 3): the same as projectNode gives for it in JSON. */
export function readNode(reader: ProtoReader): NodeProjection {
  let meta = NO_META
  let status: NodeStatus = { os: '', architecture: '', ready: false, images: [] }
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        meta = readMeta(reader)
        break
      case 3:
        status = readStatus(reader)
        break
      default:
        reader.skip()
    }
  }
  return {
    uid: meta.uid,
    name: meta.name,
    resourceVersion: meta.resourceVersion,
    ...status,
  }
}

/** NodeStatus: conditions = 4, nodeInfo = 7, images = 8. */
function readStatus(reader: ProtoReader): NodeStatus {
  const status: NodeStatus = { os: '', architecture: '', ready: false, images: [] }
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 4:
        if (isReady(reader)) status.ready = true
        break
      case 7:
        readInfo(reader, status)
        break
      case 8:
        readImage(reader, status.images)
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return status
}

/** NodeSystemInfo: operatingSystem = 9, architecture = 10. */
function readInfo(reader: ProtoReader, into: NodeStatus): void {
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 9:
        into.os = reader.repeated()
        break
      case 10:
        into.architecture = reader.repeated()
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
}

/** ContainerImage: names = 1. */
function readImage(reader: ProtoReader, into: string[]): void {
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip()
      continue
    }
    const name = reader.repeated()
    if (name !== '') into.push(name)
  }
  reader.leave(outer)
}

/** NodeCondition: type = 1, status = 2. */
function isReady(reader: ProtoReader): boolean {
  let type = ''
  let status = ''
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        type = reader.repeated()
        break
      case 2:
        status = reader.repeated()
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return type === 'Ready' && status === 'True'
}
