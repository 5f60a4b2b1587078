import { TallymanError } from '#catalogue/error.ts'
import {
  type FrameSplitter,
  INITIAL_EVENTS_END,
  type ListPage,
  type WatchCodec,
  type WatchEvent,
} from './codec.ts'
import { FrameBuffer } from './frame-buffer.ts'
import { isRecord, listOf, recordOf, textOf } from './json.ts'
import { jsonStatus } from './status-object.ts'

const NEWLINE = 0x0a

/**
 * JSON: every kind has it, custom resources have only it. One event a line.
 * @param project what to keep of an object; it must not throw, and what it cannot read it must say in its result
 */
export function jsonCodec<T>(project: (raw: unknown) => T): WatchCodec<T> {
  return {
    watchType: 'application/json',
    listType: 'application/json',
    splitter: lineSplitter,
    event: (frame) => readEvent(parseJson(frame), project),
    page: (body) => readPage(parseJson(body), project),
  }
}

/** Lines are cut as bytes and decoded whole, so a character split over chunks cannot be damaged. */
export function lineSplitter(): FrameSplitter {
  const begun = new FrameBuffer()
  return {
    get pending() {
      return begun.length
    },
    push(chunk, onFrame) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      let start = 0
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        if (begun.length > 0) {
          begun.append(bytes, start, end)
          onFrame(begun.content)
          begun.clear()
        } else if (end > start) onFrame(bytes.subarray(start, end))
        start = end + 1
      }
      if (start < bytes.length) begun.append(bytes, start, bytes.length)
    },
  }
}

function readEvent<T>(raw: unknown, project: (raw: unknown) => T): WatchEvent<T> {
  const { type, object } = recordOf(raw)
  const metadata = recordOf(recordOf(object).metadata)
  const resourceVersion = textOf(metadata.resourceVersion)
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (resourceVersion === '') throw broken(`a ${type} event without a resourceVersion`)
      return { type, item: project(object), resourceVersion }
    case 'BOOKMARK': {
      const initialEventsEnd = recordOf(metadata.annotations)[INITIAL_EVENTS_END] === 'true'
      return { type, resourceVersion, initialEventsEnd }
    }
    case 'ERROR': {
      const status = jsonStatus(object)
      if (status === undefined) throw broken('an ERROR event without a Status')
      return { type, status }
    }
    default:
      throw broken('an event of an unknown type')
  }
}

function readPage<T>(raw: unknown, project: (raw: unknown) => T): ListPage<T> {
  const { metadata, items } = recordOf(raw)
  // Kubernetes sends `"items": null` for an empty list of some kinds, and never leaves the metadata out.
  if (!isRecord(metadata) || textOf(metadata.resourceVersion) === '') throw broken('a list without metadata')
  return {
    items: projected(listOf(items), project),
    resourceVersion: textOf(metadata.resourceVersion),
    continue: textOf(metadata.continue),
    remaining: typeof metadata.remainingItemCount === 'number' ? metadata.remainingItemCount : undefined,
  }
}

function* projected<T>(items: readonly unknown[], project: (raw: unknown) => T): Generator<T> {
  for (const item of items) yield project(item)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  } catch (error) {
    throw new TallymanError('KUBE_WATCH_BROKEN', 'The API server sent what is not JSON', { cause: error })
  }
}

function broken(what: string): TallymanError {
  return new TallymanError('KUBE_WATCH_BROKEN', `The API server sent ${what}`)
}
