import { TallymanError } from '#catalogue/error.ts'
import { pullScope, pushScope } from './auth/scope.ts'
import { callerOptions, readCall } from './calls.ts'
import { algorithmOf, digestOf, isDigest } from './digest.ts'
import { contentLength, header, NOT_CACHED } from './headers.ts'
import { MAX_MANIFEST_BYTES, type Manifest, parseManifest } from './manifest.ts'
import { ACCEPT_MANIFESTS, essence } from './media-types.ts'
import { checkReference, checkRepository } from './names.ts'
import type { Reply } from './reply.ts'
import { isWebPage, statusError } from './status.ts'
import type { CallOptions } from './target.ts'
import type { Transport } from './transport.ts'

const ACCEPT = ['accept', ACCEPT_MANIFESTS]
/** What a tag names may change; a cache between us and the registry may not know yet (S36). */
const ACCEPT_PAST_CACHES = [...ACCEPT, ...NOT_CACHED]

/** What a HEAD says of a manifest. Only a claim of the registry: nothing of it is verified. */
export interface ManifestHead {
  readonly digest: string
  readonly mediaType: string
  readonly size: number
}

export interface HeadOptions extends CallOptions {
  /** true: never a GET, which makes a pull-through cache download. Default: GET where the headers of the HEAD do not tell. */
  readonly headOnly?: boolean | undefined
}

/**
 * Distribution spec, end-3.
 * @param name full repository name
 * @throws REGISTRY_UNSUPPORTED where the headers do not tell, with `headOnly`
 */
export async function headManifest(
  transport: Transport,
  name: string,
  reference: string,
  options: HeadOptions | undefined,
): Promise<ManifestHead> {
  const reply = await transport.send(manifestCall('HEAD', name, reference, options))
  if (reply.status !== 200) throw statusError(reply, 'HEAD', `manifest ${name} ${reference}`)
  if (isWebPage(reply)) throw webPage(reply, name)
  const digest = header(reply.headers, 'docker-content-digest')
  const size = contentLength(reply.headers)
  const mediaType = essence(header(reply.headers, 'content-type'))
  if (digest !== undefined && isDigest(digest) && size !== undefined && mediaType !== undefined) {
    return { digest, mediaType, size }
  }
  // The headers are optional in the specification; then the body has to tell.
  if (options?.headOnly === true) {
    throw new TallymanError(
      'REGISTRY_UNSUPPORTED',
      `${reply.url.host} does not tell digest, type and size of manifest ${name} ${reference} in the headers of a HEAD, and a GET is not wanted`,
    )
  }
  return getManifest(transport, name, reference, options)
}

/**
 * Distribution spec, end-3. The bytes are verified: against the digest that was asked for, or by tag against the one that
 * the registry names.
 */
export async function getManifest(
  transport: Transport,
  name: string,
  reference: string,
  options: CallOptions | undefined,
): Promise<Manifest> {
  const reply = await transport.send(manifestCall('GET', name, reference, options))
  if (reply.status !== 200) throw statusError(reply, 'GET', `manifest ${name} ${reference}`)
  if (isWebPage(reply)) throw webPage(reply, name)
  const named = header(reply.headers, 'docker-content-digest')
  const expected = isDigest(reference)
    ? reference
    : named !== undefined && isDigest(named)
      ? named
      : undefined
  const digest = digestOf(reply.body, expected === undefined ? 'sha256' : algorithmOf(expected))
  if (expected !== undefined && digest !== expected)
    throw mismatch(reply, `${name} ${reference}`, expected, digest)
  return parseManifest(
    reply.body,
    digest,
    essence(header(reply.headers, 'content-type')),
    `${name} ${reference}`,
  )
}

/**
 * Distribution spec, end-7. The bytes go as they are.
 * @throws REGISTRY_ABSENT where content that the manifest names is missing: its digests are in `details.missing`
 */
export async function putManifest(
  transport: Transport,
  name: string,
  reference: string,
  manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
  options: CallOptions | undefined,
): Promise<{ digest: string }> {
  checkRepository(name)
  checkReference(reference)
  const reply = await transport.send({
    method: 'PUT',
    target: `/v2/${name}/manifests/${reference}`,
    scope: pushScope(name),
    headers: ['content-type', manifest.mediaType],
    body: manifest.bytes,
    maxBytes: MAX_MANIFEST_BYTES,
    kind: 'upload',
    retry: 'transient',
    ...callerOptions(options),
  })
  if (reply.status !== 201) throw statusError(reply, 'PUT', `manifest ${name} ${reference}`)
  const stored = header(reply.headers, 'docker-content-digest')
  const sent = digestOf(manifest.bytes, isDigest(reference) ? algorithmOf(reference) : 'sha256')
  // distribution stores what comes under a sha512 digest by its sha256, and says so.
  if (stored === undefined || !isDigest(stored) || algorithmOf(stored) !== algorithmOf(sent))
    return { digest: sent }
  if (stored !== sent) throw mismatch(reply, `${name} ${reference}`, sent, stored)
  return { digest: sent }
}

function manifestCall(
  method: 'GET' | 'HEAD',
  name: string,
  reference: string,
  options: CallOptions | undefined,
) {
  checkRepository(name)
  checkReference(reference)
  return readCall(
    {
      method,
      target: `/v2/${name}/manifests/${reference}`,
      scope: pullScope(name),
      headers: isDigest(reference) ? ACCEPT : ACCEPT_PAST_CACHES,
      maxBytes: MAX_MANIFEST_BYTES,
    },
    options,
  )
}

/** A body that something on the way has compressed says nothing about what the registry holds. */
function mismatch(reply: Reply, what: string, expected: string, got: string): TallymanError {
  const encoding = header(reply.headers, 'content-encoding')
  if (encoding !== undefined && encoding !== 'identity') {
    return new TallymanError(
      'REGISTRY_UNSUPPORTED',
      `The manifest ${what} came with Content-Encoding ${encoding.slice(0, 40)}`,
    )
  }
  return new TallymanError(
    'REGISTRY_DIGEST_MISMATCH',
    `The manifest ${what} has the digest ${got} instead of ${expected}`,
    {
      details: { expected, got },
    },
  )
}

function webPage(reply: Reply, name: string): TallymanError {
  return new TallymanError(
    'REGISTRY_NOT_A_REGISTRY',
    `${reply.url.host} sent a web page for a manifest of ${name}`,
  )
}
