import type { KubeStatus } from '../status-object.ts'
import type { ProtoReader } from './reader.ts'

/** Reads a metav1.Status at the reader. */
export function readStatus(reader: ProtoReader): KubeStatus {
  let code = 0
  let reason = ''
  let message = ''
  let details: Details = { causes: [] }
  while (reader.next()) {
    switch (reader.field) {
      case 3:
        message = reader.text()
        break
      case 4:
        reason = reader.text()
        break
      case 5:
        details = readDetails(reader)
        break
      case 6:
        code = reader.integer()
        break
      default:
        reader.skip()
    }
  }
  return { code, reason, message, ...details }
}

type Details = Pick<KubeStatus, 'causes' | 'retryAfterSeconds'>

function readDetails(reader: ProtoReader): Details {
  const causes: string[] = []
  let retryAfterSeconds = 0
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 4:
        causes.push(readCause(reader))
        break
      case 5:
        retryAfterSeconds = reader.integer()
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return retryAfterSeconds > 0 ? { causes, retryAfterSeconds } : { causes }
}

function readCause(reader: ProtoReader): string {
  const outer = reader.enter()
  let reason = ''
  while (reader.next()) {
    if (reader.field === 1) reason = reader.text()
    else reader.skip()
  }
  reader.leave(outer)
  return reason
}
