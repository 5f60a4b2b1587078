import { Readable } from 'node:stream'
import { hasCode, TallymanError } from '#catalogue/error.ts'
import { type BackoffPolicy, backoffDelay } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'
import { pause } from './abort.ts'
import { mountScope, pushScope } from './auth/scope.ts'
import { type BlobRef, headBlob } from './blobs.ts'
import { ERROR_BODY_BYTES } from './buffered.ts'
import { callerOptions } from './calls.ts'
import { header } from './headers.ts'
import { resolveLocation } from './location.ts'
import { checkDigest, checkRepository } from './names.ts'
import type { Reply } from './reply.ts'
import { statusError } from './status.ts'
import type { CallOptions } from './target.ts'
import type { Call, Transport } from './transport.ts'

/** The content, from its beginning each time it is called. */
export type BlobSource = () => AsyncIterable<Uint8Array> | Uint8Array

export interface UploadOptions extends CallOptions {
  /**
   * Send it even where the registry says that it has the blob: what it says may come out of a cache, and the content be gone
   * (research/registry-protocol.md §0.5).
   */
  readonly evenIfThere?: boolean | undefined
  /**
   * Another repository of the registry that may have the blob: it is mounted from there, at the price of one request, unless the registry
   * does not want to (end-11). That it says so is a claim, too.
   */
  readonly mountFrom?: string | undefined
}

const TRIES = 3
const RETRY_PAUSE: BackoffPolicy = { initial: 500, max: 10_000, factor: 3, jitter: 1 }

/**
 * Uploads a blob unless the repository has it: POST, then one PUT with all of it (distribution spec, end-4a and end-6). A
 * session that breaks is replaced by a new one.
 * @throws REGISTRY_UPLOAD_LOST REGISTRY_SIZE_MISMATCH (the source is shorter or longer) REGISTRY_DIGEST_MISMATCH …, and
 *   whatever the source throws
 */
export async function uploadBlob(
  transport: Transport,
  clock: Clock,
  name: string,
  blob: BlobRef,
  source: BlobSource,
  options: UploadOptions | undefined,
): Promise<void> {
  checkRepository(name)
  checkDigest(blob.digest)
  for (let attempt = 0; ; attempt++) {
    const location = await begin(transport, name, blob.digest, options)
    if (location === undefined) return
    try {
      await put(transport, name, location, blob, source, options)
      return
    } catch (error) {
      if (!isWorthAnotherSession(error) || attempt + 1 === TRIES) throw error
    }
    await pause(clock, backoffDelay(RETRY_PAUSE, attempt), options?.signal)
  }
}

/**
 * Where to PUT; undefined: the repository has the blob, now or all along. Mounting a blob from the repository itself is an existence check
 * and a POST in one: distribution answers 201 where it is there, 202 with a session where not. Products that refuse that
 * get both requests.
 */
async function begin(
  transport: Transport,
  name: string,
  digest: string,
  options: UploadOptions | undefined,
): Promise<URL | undefined> {
  if (options?.evenIfThere === true) return await newSession(transport, name, digest, options)
  const from = options?.mountFrom ?? name
  const reply = await askToMount(transport, name, digest, from, options)
  if (reply?.status === 201) return undefined
  if (reply === undefined || isRefused(reply, from !== name)) {
    if (await exists(transport, name, digest, options)) return undefined
    return await newSession(transport, name, digest, options)
  }
  if (reply.status !== 202) throw statusError(reply, 'POST', `upload to ${name}`)
  return uploadTarget(reply, digest)
}

/** @returns undefined: the account may push here, and not pull there; it can still send the bytes */
async function askToMount(
  transport: Transport,
  name: string,
  digest: string,
  from: string,
  options: CallOptions | undefined,
): Promise<Reply | undefined> {
  const query = `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`
  const call = post(name, query, options)
  if (from === name) return await transport.send(call)
  try {
    return await transport.send({ ...call, scope: mountScope(name, from) })
  } catch (error) {
    if (hasCode(error, 'REGISTRY_FORBIDDEN', 'REGISTRY_UNAUTHORIZED')) return undefined
    throw error
  }
}

function isRefused({ status }: Reply, isElsewhere: boolean): boolean {
  if (status === 401 || status === 403) return isElsewhere
  return status >= 400 && status < 500
}

async function newSession(
  transport: Transport,
  name: string,
  digest: string,
  options: CallOptions | undefined,
): Promise<URL> {
  const reply = await transport.send(post(name, '', options))
  if (reply.status !== 202) throw statusError(reply, 'POST', `upload to ${name}`)
  return uploadTarget(reply, digest)
}

async function exists(
  transport: Transport,
  name: string,
  digest: string,
  options: CallOptions | undefined,
): Promise<boolean> {
  try {
    await headBlob(transport, name, digest, options)
    return true
  } catch (error) {
    if (hasCode(error, 'REGISTRY_ABSENT')) return false
    throw error
  }
}

/**
 * The Location of a session with the digest added. Its query is the server's (`_state` is signed): it is extended as
 * text, never taken apart and written anew.
 */
export function uploadTarget(reply: Pick<Reply, 'headers' | 'url'>, digest: string): URL {
  const target = resolveLocation(header(reply.headers, 'location'), reply.url)
  target.search = `${target.search}${target.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`
  return target
}

async function put(
  transport: Transport,
  name: string,
  target: URL,
  blob: BlobRef,
  source: BlobSource,
  options: CallOptions | undefined,
): Promise<void> {
  const content = source()
  if (content instanceof Uint8Array && content.byteLength !== blob.size) {
    throw new TallymanError(
      'REGISTRY_SIZE_MISMATCH',
      `The content of ${blob.digest} does not have ${blob.size} bytes`,
    )
  }
  const call: Call = {
    method: 'PUT',
    target,
    scope: pushScope(name),
    headers: ['content-type', 'application/octet-stream', 'content-length', String(blob.size)],
    body: content instanceof Uint8Array ? content : streamOf(content, source),
    maxBytes: ERROR_BODY_BYTES,
    kind: 'upload',
    retry: 'never',
    ...callerOptions(options),
  }
  const reply = await transport.send(call)
  if (reply.status !== 201 && reply.status !== 204) throw statusError(reply, 'PUT', `upload to ${name}`)
}

/** The content as a stream for each sending: the first is already open, a second (after a 401, 429) begins anew. */
function streamOf(first: AsyncIterable<Uint8Array>, source: BlobSource): () => Readable {
  let opened: AsyncIterable<Uint8Array> | undefined = first
  return () => {
    const content = opened ?? source()
    opened = undefined
    return Readable.from(content instanceof Uint8Array ? [content] : content, { objectMode: false })
  }
}

function post(name: string, query: string, options: CallOptions | undefined): Call {
  return {
    method: 'POST',
    target: `/v2/${name}/blobs/uploads/${query}`,
    scope: pushScope(name),
    maxBytes: ERROR_BODY_BYTES,
    kind: 'answer',
    // A session that nobody uses harms nobody: the registry removes it.
    retry: 'transient',
    ...callerOptions(options),
  }
}

function isWorthAnotherSession(error: unknown): boolean {
  return hasCode(
    error,
    'REGISTRY_UPLOAD_LOST',
    'REGISTRY_UNREACHABLE',
    'REGISTRY_TRUNCATED',
    'REGISTRY_SERVER_ERROR',
  )
}
