import { INITIAL_EVENTS_END } from '../codec.ts'
import { readAnnotation } from './annotation.ts'
import type { ProtoReader } from './reader.ts'

const INITIAL_EVENTS_END_KEY = Buffer.from(INITIAL_EVENTS_END)

export interface Bookmark {
  readonly resourceVersion: string
  readonly initialEventsEnd: boolean
}

/** Of an object of any kind, its metadata (1). */
export function readBookmark(reader: ProtoReader): Bookmark {
  let bookmark: Bookmark = { resourceVersion: '', initialEventsEnd: false }
  while (reader.next()) {
    if (reader.field === 1) bookmark = readMetadata(reader)
    else reader.skip()
  }
  return bookmark
}

/** ObjectMeta: resourceVersion = 6, annotations = 12. */
function readMetadata(reader: ProtoReader): Bookmark {
  let resourceVersion = ''
  let initialEventsEnd = false
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 6:
        resourceVersion = reader.text()
        break
      case 12:
        if (readAnnotation(reader, INITIAL_EVENTS_END_KEY) === 'true') initialEventsEnd = true
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return { resourceVersion, initialEventsEnd }
}
