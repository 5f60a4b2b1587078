import { TallymanError } from '#catalogue/error.ts'
import type { ListPage } from '../codec.ts'
import { enterEnvelope, openEnvelope } from './envelope.ts'
import type { ProtoReader } from './reader.ts'

/** A list of any kind: metadata = 1 (ListMeta: resourceVersion = 2, continue = 3), items = 2. */
export function readPage<T>(
  body: Uint8Array,
  items: ProtoReader,
  read: (reader: ProtoReader) => T,
): ListPage<T> {
  enterEnvelope(items, body.length)
  const metadata = openEnvelope(body)
  let meta = { resourceVersion: '', continue: '' }
  while (metadata.next()) {
    if (metadata.field === 1) meta = readListMeta(metadata)
    else metadata.skip()
  }
  if (meta.resourceVersion === '') {
    throw new TallymanError('KUBE_WATCH_BROKEN', 'The API server sent a list without metadata')
  }
  return { ...meta, items: readItems(items, read) }
}

function readListMeta(reader: ProtoReader): { resourceVersion: string; continue: string } {
  const meta = { resourceVersion: '', continue: '' }
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 2:
        meta.resourceVersion = reader.text()
        break
      case 3:
        meta.continue = reader.text()
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return meta
}

function* readItems<T>(reader: ProtoReader, read: (reader: ProtoReader) => T): Generator<T> {
  while (reader.next()) {
    if (reader.field !== 2) {
      reader.skip()
      continue
    }
    const outer = reader.enter()
    yield read(reader)
    reader.leave(outer)
  }
}
