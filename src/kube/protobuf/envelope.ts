import { TallymanError } from '#catalogue/error.ts'
import { ProtoReader } from './reader.ts'

/** "k8s\0": what every protobuf object of Kubernetes begins with (KEP and api-concepts, "Kubernetes Protobuf encoding"). */
const MAGIC = 0x6b387300

/** True when the bytes are an object in Kubernetes' protobuf encoding. */
export function isEnvelope(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) === MAGIC
}

/**
 * Enters the object inside a runtime.Unknown (field 2, `raw`) that begins at the reader's position; the reader then
 * stands on the object's own fields, bounded by its end.
 */
export function enterEnvelope(reader: ProtoReader, end: number): void {
  const { bytes, position } = reader
  if (end - position < 4 || bytes.readUInt32BE(position) !== MAGIC) {
    throw new TallymanError('KUBE_WATCH_BROKEN', 'The API server sent an object without the protobuf prefix')
  }
  reader.reset(bytes, position + 4, end)
  while (reader.next()) {
    if (reader.field === 2) {
      const rawEnd = reader.valueEnd()
      reader.reset(bytes, reader.position, rawEnd)
      return
    }
    reader.skip()
  }
  throw new TallymanError('KUBE_WATCH_BROKEN', 'The API server sent an envelope without an object')
}

/** A reader on the object in `bytes`. */
export function openEnvelope(bytes: Uint8Array): ProtoReader {
  const reader = new ProtoReader(bytes)
  enterEnvelope(reader, bytes.length)
  return reader
}
