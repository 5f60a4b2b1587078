import { hasCode, TallymanError } from '#catalogue/error.ts'
import { type BackoffPolicy, backoffDelay } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'
import { pause } from './abort.ts'
import { pullScope } from './auth/scope.ts'
import { ERROR_BODY_BYTES } from './buffered.ts'
import { readCall } from './calls.ts'
import { type ImageConfig, MAX_CONFIG_BYTES, parseConfig } from './config.ts'
import { algorithmOf, DigestStream, digestOf } from './digest.ts'
import { contentLength, contentRange } from './headers.ts'
import { checkDigest, checkRepository } from './names.ts'
import { isOpen, type OpenReply, type Reply } from './reply.ts'
import { isWebPage, statusError } from './status.ts'
import type { CallOptions } from './target.ts'
import type { Transport } from './transport.ts'

/** A blob as a manifest names it. */
export interface BlobRef {
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

const RESUME_PAUSE: BackoffPolicy = { initial: 200, max: 5_000, factor: 3, jitter: 1 }
/** Breaks in a row without a byte between them, and breaks in all. */
const MAX_STALLS = 3
const MAX_BREAKS = 20

/**
 * Distribution spec, end-2. Only a claim: a registry with a descriptor cache answers for blobs whose file is gone.
 * @throws REGISTRY_UNSUPPORTED where the registry does not tell the size
 */
export async function headBlob(
  transport: Transport,
  name: string,
  digest: string,
  options: CallOptions | undefined,
): Promise<{ size: number }> {
  const reply = await transport.send(blobCall('HEAD', name, digest, undefined, ERROR_BODY_BYTES, options))
  if (reply.status !== 200) throw statusError(reply, 'HEAD', `blob ${name} ${digest}`)
  if (isWebPage(reply)) throw webPage(reply, name)
  const size = contentLength(reply.headers)
  if (size === undefined) {
    throw new TallymanError(
      'REGISTRY_UNSUPPORTED',
      `${reply.url.host} does not tell the size of blob ${name} ${digest}`,
    )
  }
  return { size }
}

/**
 * Proves at the price of one byte that the blob is there in its full length: the last byte is asked for and must arrive,
 * and the total must be the descriptor's. A server that ignores Range is read to the end instead.
 * @throws REGISTRY_ABSENT REGISTRY_SIZE_MISMATCH REGISTRY_TRUNCATED, and what says nothing about the blob
 */
export async function probeBlob(
  transport: Transport,
  name: string,
  blob: BlobRef,
  options: CallOptions | undefined,
): Promise<void> {
  const last = blob.size - 1
  const range = blob.size === 0 ? undefined : `bytes=${last}-${last}`
  const call = blobCall('GET', name, blob.digest, range, ERROR_BODY_BYTES, options)
  let reply: Reply
  try {
    reply = await transport.send(call)
    // docker-registry 2.8 closes the connection after a 416, which can also hit the next request on it.
    if (reply.status === 416) reply = await transport.send(call)
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_TOO_LARGE')) throw error
    return countBlob(transport, name, blob, options)
  }
  switch (reply.status) {
    case 200:
      if (isWebPage(reply)) throw webPage(reply, name)
      if (reply.body.byteLength !== blob.size) throw wrongSize(name, blob, reply.body.byteLength)
      return
    case 206: {
      const sent = contentRange(reply.headers)
      if (sent?.total === undefined) return countBlob(transport, name, blob, options)
      if (sent.total !== blob.size) throw wrongSize(name, blob, sent.total)
      if (sent.first === last && sent.last === last && reply.body.byteLength === 1) return
      throw new TallymanError(
        'REGISTRY_TRUNCATED',
        `The last byte of blob ${name} ${blob.digest} did not arrive`,
        {
          details: { digest: blob.digest, size: blob.size },
        },
      )
    }
    case 416:
      throw wrongSize(name, blob, contentRange(reply.headers)?.total)
    default:
      throw statusError(reply, 'GET', `blob ${name} ${blob.digest}`)
  }
}

/** The config of an image: read whole, length and digest verified. */
export async function getConfig(
  transport: Transport,
  name: string,
  blob: BlobRef,
  options: CallOptions | undefined,
): Promise<ImageConfig> {
  const what = `${name} ${blob.digest}`
  if (blob.size > MAX_CONFIG_BYTES) {
    throw new TallymanError(
      'REGISTRY_TOO_LARGE',
      `The config ${what} is larger than ${MAX_CONFIG_BYTES} bytes`,
    )
  }
  const maxBytes = Math.max(blob.size, ERROR_BODY_BYTES)
  let reply: Reply
  try {
    reply = await transport.send(blobCall('GET', name, blob.digest, undefined, maxBytes, options))
  } catch (error) {
    if (hasCode(error, 'REGISTRY_TOO_LARGE')) throw wrongSize(name, blob, undefined)
    throw error
  }
  if (reply.status !== 200) throw statusError(reply, 'GET', `config ${what}`)
  if (isWebPage(reply)) throw webPage(reply, name)
  if (reply.body.byteLength !== blob.size) throw wrongSize(name, blob, reply.body.byteLength)
  const digest = digestOf(reply.body, algorithmOf(blob.digest))
  if (digest !== blob.digest) throw wrongDigest(name, blob, digest)
  return parseConfig(reply.body, digest, what)
}

/**
 * The content of a blob. It is verified when the iteration has come to its end, and only then: whoever acts on the chunks
 * before must be able to take it back. A broken connection is resumed by Range where it broke.
 * @throws REGISTRY_DIGEST_MISMATCH REGISTRY_SIZE_MISMATCH REGISTRY_TRUNCATED REGISTRY_ABSENT …
 */
export async function* readBlob(
  transport: Transport,
  clock: Clock,
  name: string,
  blob: BlobRef,
  options: CallOptions | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  const digest = new DigestStream(algorithmOf(blob.digest))
  let position = 0
  let stalls = 0
  for (let breaks = 0; ; breaks++) {
    const start = position
    try {
      for await (const chunk of contentFrom(transport, name, blob, position, options)) {
        position += chunk.byteLength
        if (position > blob.size) throw wrongSize(name, blob, position)
        digest.update(chunk)
        yield chunk
      }
      break
    } catch (error) {
      if (!hasCode(error, 'REGISTRY_TRUNCATED', 'REGISTRY_UNREACHABLE')) throw error
      stalls = position > start ? 0 : stalls + 1
      if (stalls >= MAX_STALLS || breaks >= MAX_BREAKS) throw error
    }
    await pause(clock, backoffDelay(RESUME_PAUSE, stalls), options?.signal)
  }
  if (position !== blob.size) throw wrongSize(name, blob, position)
  const got = digest.end()
  if (got !== blob.digest) throw wrongDigest(name, blob, got)
}

/** One request's worth of a blob, from `position` on. */
async function* contentFrom(
  transport: Transport,
  name: string,
  blob: BlobRef,
  position: number,
  options: CallOptions | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  const range = position === 0 ? undefined : `bytes=${position}-`
  const reply = await transport.open({
    ...blobCall('GET', name, blob.digest, range, ERROR_BODY_BYTES, options),
    kind: 'download',
  })
  if (!isOpen(reply)) {
    if (reply.status === 416) throw wrongSize(name, blob, contentRange(reply.headers)?.total)
    throw statusError(reply, 'GET', `blob ${name} ${blob.digest}`)
  }
  const fault = faultOf(reply, name, blob, position)
  if (fault !== undefined) {
    reply.abandon(fault)
    throw fault
  }
  // A server that ignores Range begins again; what we have is passed over.
  let skip = reply.status === 206 ? 0 : position
  for await (const chunk of reply.chunks()) {
    const rest = skip >= chunk.byteLength ? undefined : chunk.subarray(skip)
    skip = Math.max(0, skip - chunk.byteLength)
    if (rest !== undefined) yield rest
  }
}

function faultOf(reply: OpenReply, name: string, blob: BlobRef, position: number): TallymanError | undefined {
  if (isWebPage(reply)) return webPage(reply, name)
  if (reply.status === 200) {
    const length = contentLength(reply.headers)
    return length === undefined || length === blob.size ? undefined : wrongSize(name, blob, length)
  }
  const sent = contentRange(reply.headers)
  if (sent?.total !== undefined && sent.total !== blob.size) return wrongSize(name, blob, sent.total)
  if (sent?.first === position) return undefined
  return new TallymanError(
    'REGISTRY_UNSUPPORTED',
    `${reply.url.host} answered another range of blob ${name} than was asked for`,
  )
}

/** Reads a blob to its end and counts. */
async function countBlob(
  transport: Transport,
  name: string,
  blob: BlobRef,
  options: CallOptions | undefined,
): Promise<void> {
  let size = 0
  for await (const chunk of contentFrom(transport, name, blob, 0, options)) {
    size += chunk.byteLength
    if (size > blob.size) break
  }
  if (size !== blob.size) throw wrongSize(name, blob, size)
}

function blobCall(
  method: 'GET' | 'HEAD',
  name: string,
  digest: string,
  range: string | undefined,
  maxBytes: number,
  options: CallOptions | undefined,
) {
  checkRepository(name)
  checkDigest(digest)
  const headers = range === undefined ? undefined : ['range', range]
  return readCall(
    { method, target: `/v2/${name}/blobs/${digest}`, scope: pullScope(name), headers, maxBytes },
    options,
  )
}

function wrongSize(name: string, blob: BlobRef, got: number | undefined): TallymanError {
  const has = got === undefined ? 'has not' : `has ${got}`
  return new TallymanError(
    'REGISTRY_SIZE_MISMATCH',
    `Blob ${name} ${blob.digest} should have ${blob.size} bytes and ${has}`,
    {
      details: { digest: blob.digest, expected: blob.size, got },
    },
  )
}

function wrongDigest(name: string, blob: BlobRef, got: string): TallymanError {
  return new TallymanError('REGISTRY_DIGEST_MISMATCH', `Blob ${name} ${blob.digest} has the digest ${got}`, {
    details: { expected: blob.digest, got },
  })
}

function webPage(reply: { readonly url: URL }, name: string): TallymanError {
  return new TallymanError(
    'REGISTRY_NOT_A_REGISTRY',
    `${reply.url.host} sent a web page for a blob of ${name}`,
  )
}
