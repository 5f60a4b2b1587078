import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export const IMAGE_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export interface Content {
  readonly bytes: Uint8Array
  readonly digest: string
}

export function content(bytes: string | Uint8Array): Content {
  const buffer = Buffer.from(bytes)
  return { bytes: buffer, digest: digestOf(buffer) }
}

export const CONFIG = content(
  '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
)
export const LAYER = content('not really a tarball')

/** A manifest that is in order: the lie is elsewhere, or in `annotations`. */
export const HONEST_MANIFEST = content(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: IMAGE_MANIFEST,
    config: descriptor('application/vnd.oci.image.config.v1+json', CONFIG),
    layers: [descriptor('application/vnd.oci.image.layer.v1.tar', LAYER)],
  }),
)

function descriptor(mediaType: string, { digest, bytes }: Content): object {
  return { mediaType, digest, size: bytes.length }
}

/** Sends a manifest with its headers; `headers` replaces or adds. */
export function sendManifest(
  response: ServerResponse,
  manifest: Content,
  headers: Readonly<Record<string, string | number>> = {},
): void {
  response.writeHead(200, {
    'Content-Type': IMAGE_MANIFEST,
    'Content-Length': manifest.bytes.length,
    'Docker-Content-Digest': manifest.digest,
    ...headers,
  })
  response.end(manifest.bytes)
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'Content-Type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}

/** Writes `chunk` `times` times at the client's pace, until it has had enough or leaves. */
export async function sendRepeated(
  response: ServerResponse,
  chunk: Uint8Array,
  times: number,
): Promise<void> {
  function* chunks() {
    for (let sent = 0; sent < times; sent += 1) yield chunk
  }
  try {
    await pipeline(Readable.from(chunks()), response, { end: false })
  } catch (error) {
    // The client had enough: what this server expects of every client.
    if (!response.destroyed) throw error
  }
}

/** What is written below HTTP: headers as told, then whatever bytes, then the end of the connection. */
export function sendRaw(response: ServerResponse, head: readonly string[], body: Uint8Array): void {
  const socket = response.socket
  socket?.write(`${['HTTP/1.1 200 OK', 'Connection: close', ...head].join('\r\n')}\r\n\r\n`)
  socket?.end(body)
}
