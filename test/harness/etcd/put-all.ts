import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { message, text } from './protobuf.ts'

/** One key with its value, as etcd holds it. */
export interface Entry {
  readonly key: string
  readonly value: Buffer
}

/** etcd refuses transactions of more operations, and requests of more than 1.5 MiB. */
const MAX_PUTS = 128
const MAX_BYTES = 1024 * 1024
const AT_ONCE = 4
const FRAME_HEADER_BYTES = 5

/** Puts everything into an etcd over gRPC, as many keys a transaction as it takes. @returns how many @throws Error */
export async function putAll(url: string, entries: Iterable<Entry>): Promise<number> {
  const session = connect(url)
  const batches = batched(entries)
  let count = 0
  const worker = async () => {
    for (const batch of batches) {
      await transact(session, batch)
      count += batch.length
    }
  }
  try {
    await once(session, 'connect')
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  } finally {
    session.close()
  }
  return count
}

function* batched(entries: Iterable<Entry>): Generator<Entry[]> {
  let batch: Entry[] = []
  let bytes = 0
  for (const entry of entries) {
    if (batch.length === MAX_PUTS || (batch.length > 0 && bytes + entry.value.length > MAX_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(entry)
    bytes += entry.value.length
  }
  if (batch.length > 0) yield batch
}

/** etcdserverpb: TxnRequest: success = 2; RequestOp: request_put = 2; PutRequest: key = 1, value = 2. */
async function transact(session: ClientHttp2Session, batch: readonly Entry[]): Promise<void> {
  const puts = batch.map(({ key, value }) => message(2, message(2, text(1, key), message(2, value))))
  const body = Buffer.concat(puts)
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUInt32BE(body.length, 1)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/etcdserverpb.KV/Txn',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  let status: unknown
  let why: unknown
  const note = (headers: Record<string, unknown>) => {
    status = headers['grpc-status'] ?? status
    why = headers['grpc-message'] ?? why
  }
  // An answer without a body has its status among the first headers.
  stream.on('response', note)
  stream.on('trailers', note)
  stream.resume()
  stream.end(Buffer.concat([header, body]))
  await once(stream, 'close')
  if (status !== '0') throw new Error(`etcd refused ${batch.length} keys: ${String(status)} ${String(why)}`)
}
