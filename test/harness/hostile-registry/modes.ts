import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { systemClock } from '#time/clock.ts'
import {
  type Content,
  content,
  HONEST_MANIFEST,
  IMAGE_MANIFEST,
  sendJson,
  sendManifest,
  sendRaw,
  sendRepeated,
} from './reply.ts'

/** One request to a repository of the hostile registry. */
export interface HostileRequest {
  readonly url: URL
  readonly response: ServerResponse
  /** Ends when the client leaves or the registry stops. */
  readonly signal: AbortSignal
  /** Another origin that notes who comes. */
  readonly canary: string
  /** An address that no client may be led to. */
  readonly privateAddress: string
}

type Reply = (request: HostileRequest) => void | Promise<void>

/** What a mode answers where it differs from an honest registry. */
export interface HostileMode {
  readonly tags?: Reply
  readonly manifest?: Reply
  readonly blob?: Reply
}

const MEBIBYTE = Buffer.alloc(1_048_576, 'a')
/** 29,959 tags of 32 characters. */
const MEBIBYTE_OF_TAGS = Buffer.from(
  Array.from(
    { length: 29_959 },
    (_, index) => `"release-2026.11.24-build-${String(index).padStart(7, '0')}",`,
  ).join(''),
)
const GIBIBYTE_IN_MEBIBYTES = 1_024
const ENDLESS = Number.POSITIVE_INFINITY
const DEPTH = 100_000

/** Every lie, by the name of the repository that tells it. */
export const HOSTILE_MODES = {
  'huge-manifest': { manifest: (request) => hugeManifest(request, GIBIBYTE_IN_MEBIBYTES) },
  'endless-manifest': { manifest: (request) => hugeManifest(request, ENDLESS) },
  'huge-blob': { blob: ({ response }) => endless(response, 200, 'application/octet-stream') },
  'deep-manifest': { manifest: ({ response }) => sendManifest(response, deepManifest()) },
  'dense-manifest': { manifest: ({ response }) => sendManifest(response, denseManifest()) },
  'deep-tags': { tags: ({ response }) => sendText(response, nested('[', ']')) },
  'endless-tags': {
    tags: (request) => tagPage(request, Number(request.url.searchParams.get('last') ?? 0) + 1),
  },
  'gone-among-endless-tags': {
    manifest: ({ response }) => void response.writeHead(404).end(),
    tags: (request) => tagPage(request, Number(request.url.searchParams.get('last') ?? 0) + 1),
  },
  'endless-tag-page': { tags: ({ response }) => tagFlood(response, 'v', ENDLESS) },
  'huge-tag-pages': { tags: hugeTagPage },
  'circling-tags': { tags: (request) => tagPage(request, 1) },
  'foreign-next-page': {
    tags: ({ response, canary, url }) =>
      sendJson(
        response,
        { tags: ['latest'] },
        { Link: `<${canary}${url.pathname}?last=latest>; rel="next"` },
      ),
  },
  'one-byte-a-second': { manifest: oneByteASecond, tags: oneByteASecond },
  'short-body': { manifest: ({ response }) => lyingLength(response, HONEST_MANIFEST.bytes.length + 100) },
  'long-body': { manifest: ({ response }) => lyingLength(response, HONEST_MANIFEST.bytes.length - 100) },
  'lying-digest': {
    manifest: ({ response }) =>
      sendManifest(response, { bytes: HONEST_MANIFEST.bytes, digest: `sha256:${'0'.repeat(64)}` }),
  },
  'malformed-digest': {
    manifest: ({ response }) =>
      sendManifest(response, { bytes: HONEST_MANIFEST.bytes, digest: 'md5:../../x' }),
  },
  'huge-headers': {
    manifest: ({ response }) =>
      sendManifest(response, HONEST_MANIFEST, { 'X-Padding': 'x'.repeat(4_194_304) }),
  },
  'endless-redirects': { manifest: redirectOn, blob: redirectOn },
  'redirect-to-itself': { manifest: redirectBack, blob: redirectBack },
  'redirect-to-private': {
    manifest: ({ response, privateAddress }) => redirect(response, `${privateAddress}/latest/meta-data/`),
    blob: ({ response, privateAddress }) => redirect(response, `${privateAddress}/latest/meta-data/`),
  },
  'redirect-to-foreign': {
    manifest: ({ response, canary, url }) => redirect(response, `${canary}${url.pathname}`),
    blob: ({ response, canary, url }) => redirect(response, `${canary}${url.pathname}`),
  },
  'redirect-to-nowhere': { manifest: ({ response }) => void response.writeHead(307).end() },
  'endless-error': { manifest: ({ response }) => endless(response, 500, 'application/json') },
  'endless-not-found': { manifest: ({ response }) => endless(response, 404, 'application/json') },
  'never-answers': { manifest: silence, tags: silence, blob: silence },
  'gzip-bomb': { manifest: gzipBomb },
  'private-realm': {
    manifest: ({ response, privateAddress }) => challenge(response, `${privateAddress}/token`),
  },
  'foreign-realm': { manifest: ({ response, canary }) => challenge(response, `${canary}/token`) },
  'retry-in-an-age': {
    manifest: ({ response }) => void response.writeHead(429, { 'Retry-After': '1000000000' }).end(),
  },
  'invalid-utf8': { manifest: ({ response }) => sendManifest(response, invalidUtf8()) },
  'wrong-content-type': {
    manifest: ({ response }) => sendManifest(response, HONEST_MANIFEST, { 'Content-Type': 'image/png' }),
  },
  'html-with-200': { manifest: html, tags: html, blob: html },
} satisfies Record<string, HostileMode>

export type HostileRepository = keyof typeof HOSTILE_MODES

async function hugeManifest({ response }: HostileRequest, mebibytes: number): Promise<void> {
  const start = Buffer.from('{"schemaVersion":2,"annotations":{"padding":"')
  const end = Buffer.from('"}}')
  const length = start.length + mebibytes * MEBIBYTE.length + end.length
  response.writeHead(200, {
    'Content-Type': IMAGE_MANIFEST,
    'Docker-Content-Digest': HONEST_MANIFEST.digest,
    ...(Number.isFinite(length) ? { 'Content-Length': length } : {}),
  })
  response.write(start)
  await sendRepeated(response, MEBIBYTE, mebibytes)
  response.end(end)
}

async function endless(response: ServerResponse, status: number, type: string): Promise<void> {
  response.writeHead(status, { 'Content-Type': type })
  await sendRepeated(response, MEBIBYTE, ENDLESS)
}

function nested(open: string, close: string): string {
  return open.repeat(DEPTH) + close.repeat(DEPTH)
}

function deepManifest(): Content {
  return content(`{"schemaVersion":2,"annotations":${nested('{"a":', '}').replace('{"a":}', '{"a":0}')}}`)
}

/** As large as a manifest may be, and all of it values: parsed it is twenty times that. */
function denseManifest(): Content {
  return content(`{"schemaVersion":2,"layers":[${'{},'.repeat(1_398_000)}{}]}`)
}

function invalidUtf8(): Content {
  const broken = Buffer.from([0xc3, 0x28, 0xff])
  return content(Buffer.concat([Buffer.from('{"schemaVersion":2,"mediaType":"'), broken, Buffer.from('"}')]))
}

function tagPage({ response, url }: HostileRequest, next: number): void {
  const tags = Array.from({ length: 100 }, (_, index) => `v${next}.${index}`)
  sendJson(response, { tags }, { Link: `<${url.pathname}?last=${next}>; rel="next"` })
}

/** One page of tags in MiB; the first is named `first`, all others are the same in every MiB. */
async function tagFlood(
  response: ServerResponse,
  first: string,
  mebibytes: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/json', ...headers })
  response.write(`{"tags":["${first}",`)
  await sendRepeated(response, MEBIBYTE_OF_TAGS, mebibytes)
  response.end('"last"]}')
}

/** Pages without end, each as large as a client may take: half a million tags in 15 MiB. */
function hugeTagPage({ response, url }: HostileRequest): Promise<void> {
  const next = Number(url.searchParams.get('last') ?? 0) + 1
  return tagFlood(response, `v${next}`, 15, { Link: `<${url.pathname}?last=${next}>; rel="next"` })
}

async function oneByteASecond({ response, signal }: HostileRequest): Promise<void> {
  response.writeHead(200, { 'Content-Type': IMAGE_MANIFEST, 'Content-Length': HONEST_MANIFEST.bytes.length })
  for (const byte of HONEST_MANIFEST.bytes) {
    response.write(Buffer.from([byte]))
    await systemClock.sleep(1_000, signal)
  }
  response.end()
}

function lyingLength(response: ServerResponse, length: number): void {
  const head = [`Content-Type: ${IMAGE_MANIFEST}`, `Docker-Content-Digest: ${HONEST_MANIFEST.digest}`]
  sendRaw(response, [...head, `Content-Length: ${length}`], HONEST_MANIFEST.bytes)
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(307, { Location: location }).end()
}

function redirectOn({ response, url }: HostileRequest): void {
  redirect(response, `${url.pathname}?hop=${Number(url.searchParams.get('hop') ?? 0) + 1}`)
}

function redirectBack({ response, url }: HostileRequest): void {
  redirect(response, `${url.pathname}${url.search}`)
}

function silence(): void {
  // The request is read, and that is all that ever happens.
}

function challenge(response: ServerResponse, realm: string): void {
  const scope = 'repository:private-realm:pull'
  response
    .writeHead(401, { 'WWW-Authenticate': `Bearer realm="${realm}",service="hostile",scope="${scope}"` })
    .end()
}

function sendText(response: ServerResponse, json: string): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(json)
}

function html({ response }: HostileRequest): void {
  response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Please log in</title>')
}

/** RFC 1952: members may follow one another, so 64 times the same 16 MiB unpack to 1 GiB from about 1 MiB. */
function gzipBomb({ response }: HostileRequest): void {
  const member = gzipSync(Buffer.alloc(16 * MEBIBYTE.length, ' '))
  const start = gzipSync('{"schemaVersion":2,"annotations":{"padding":"')
  const body = Buffer.concat([start, ...Array.from({ length: 64 }, () => member), gzipSync('"}}')])
  const { digest } = HONEST_MANIFEST
  sendManifest(response, { bytes: body, digest }, { 'Content-Encoding': 'gzip' })
}
