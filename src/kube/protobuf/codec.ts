import { TallymanError } from '#catalogue/error.ts'
import type { WatchCodec, WatchEvent } from '../codec.ts'
import { readBookmark } from './bookmark.ts'
import { enterEnvelope } from './envelope.ts'
import { stringInterner } from './interner.ts'
import { lengthSplitter } from './length-splitter.ts'
import { readPage } from './list.ts'
import { ProtoReader, type TextDecode } from './reader.ts'
import { readStatus } from './status.ts'

/** Decodes one object, on whose fields the reader stands. */
export type ReadObject<T> = (reader: ProtoReader) => T

/**
 * Protobuf, which core and apps kinds have: half the bytes of JSON, and only what is asked for is decoded.
 * @param intern decodes strings that repeat; by default a bounded cache of this codec
 */
export function protobufCodec<T extends { readonly resourceVersion: string }>(
  read: ReadObject<T>,
  intern: TextDecode = stringInterner(),
): WatchCodec<T> {
  const reader = new ProtoReader(new Uint8Array(), intern)
  return {
    watchType: 'application/vnd.kubernetes.protobuf;stream=watch',
    listType: 'application/vnd.kubernetes.protobuf',
    splitter: lengthSplitter,
    event: (frame) => {
      reader.reset(frame)
      return readEvent(reader, read)
    },
    page: (body) => readPage(body, new ProtoReader(body, intern), read),
  }
}

/** metav1.WatchEvent: type = 1, object = 2. The object comes last: Kubernetes writes fields in the order of their numbers. */
function readEvent<T extends { readonly resourceVersion: string }>(
  reader: ProtoReader,
  read: ReadObject<T>,
): WatchEvent<T> {
  let type = ''
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        type = reader.repeated()
        break
      case 2:
        enterRaw(reader)
        return readObject(type, reader, read)
      default:
        reader.skip()
    }
  }
  throw broken('an event without an object')
}

/** runtime.RawExtension: raw = 1, an envelope. */
function enterRaw(reader: ProtoReader): void {
  reader.enter()
  while (reader.next()) {
    if (reader.field === 1) {
      enterEnvelope(reader, reader.valueEnd())
      return
    }
    reader.skip()
  }
  throw broken('an event with an empty object')
}

function readObject<T extends { readonly resourceVersion: string }>(
  type: string,
  reader: ProtoReader,
  read: ReadObject<T>,
): WatchEvent<T> {
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED': {
      const item = read(reader)
      if (item.resourceVersion === '') throw broken(`a ${type} event without a resourceVersion`)
      return { type, item, resourceVersion: item.resourceVersion }
    }
    case 'BOOKMARK':
      return { type, ...readBookmark(reader) }
    case 'ERROR':
      return { type, status: readStatus(reader) }
    default:
      throw broken('an event of an unknown type')
  }
}

function broken(what: string): TallymanError {
  return new TallymanError('KUBE_WATCH_BROKEN', `The API server sent ${what}`)
}
