import { INITIAL_EVENTS_END } from '../codec.ts'
import type { ProtoReader } from './reader.ts'

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
        if (isInitialEventsEnd(reader)) initialEventsEnd = true
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return { resourceVersion, initialEventsEnd }
}

/** An entry of a map: key = 1, value = 2. */
function isInitialEventsEnd(reader: ProtoReader): boolean {
  const outer = reader.enter()
  let key = ''
  let value = ''
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        key = reader.text()
        break
      case 2:
        value = reader.text()
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return key === INITIAL_EVENTS_END && value === 'true'
}
