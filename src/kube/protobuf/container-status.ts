import type { ProtoReader } from './reader.ts'
import { readTime } from './time.ts'

export interface ContainerState {
  name: string
  imageID: string
  waitingReason: string
  /** Milliseconds since the epoch; 0 unless it is terminated. */
  finishedAt: number
}

/** Of a container that the node has not reported on. */
export const NO_STATUS: ContainerState = { name: '', imageID: '', waitingReason: '', finishedAt: 0 }

/** ContainerStatus: name = 1, state = 2, imageID = 7. */
export function readContainerStatus(reader: ProtoReader): ContainerState {
  const status: ContainerState = { name: '', imageID: '', waitingReason: '', finishedAt: 0 }
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        status.name = reader.repeated()
        break
      case 2:
        readState(reader, status)
        break
      case 7:
        status.imageID = reader.repeated()
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return status
}

/** ContainerState: waiting = 1, terminated = 3. */
function readState(reader: ProtoReader, into: ContainerState): void {
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        into.waitingReason = readWaitingReason(reader)
        break
      case 3:
        into.finishedAt = readFinishedAt(reader)
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
}

/** ContainerStateWaiting: reason = 1. */
function readWaitingReason(reader: ProtoReader): string {
  let reason = ''
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.field === 1) reason = reader.repeated()
    else reader.skip()
  }
  reader.leave(outer)
  return reason
}

/** ContainerStateTerminated: finishedAt = 6. */
function readFinishedAt(reader: ProtoReader): number {
  let finishedAt = 0
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.field === 6) finishedAt = readTime(reader)
    else reader.skip()
  }
  reader.leave(outer)
  return finishedAt
}
