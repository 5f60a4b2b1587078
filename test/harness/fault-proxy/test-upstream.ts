import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { KeyPair } from '#test/harness/tls.ts'

/** A real server whose answers a test of the proxy can steer. */
export interface TestUpstream {
  readonly url: string
  /** Requests it received in full. */
  readonly carriedOut: readonly string[]
  /** The answers to /stream that are open, oldest first. */
  readonly streams: readonly ServerResponse[]
  readonly connections: number
  stop(): Promise<void>
}

/** Bytes 0, 1, … 250, 0, …: a period that hides no shift by a power of two. */
export function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => index % 251))
}

/**
 * `/echo` answers with the upload, `/bytes/<n>` with n bytes, `/chunked/<n>` the same without length, `/stream` as
 * long as the test wants, `/headers` with the request's headers, anything else `ok`.
 */
export async function startTestUpstream(certificate?: KeyPair): Promise<TestUpstream> {
  const carriedOut: string[] = []
  const streams: ServerResponse[] = []
  let connections = 0
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url ?? '/'
    const [, route, size] = url.split(/[/?]/)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      carriedOut.push(`${request.method} ${url}`)
      if (route === 'echo') response.end(Buffer.concat(chunks))
      else if (route === 'bytes')
        response.setHeader('Content-Length', Number(size)).end(pattern(Number(size)))
      else if (route === 'chunked') {
        response.write(pattern(Number(size)))
        response.end()
      } else if (route === 'headers') response.end(JSON.stringify(request.headers))
      else if (route === 'stream') {
        response.flushHeaders()
        streams.push(response)
      } else response.end('ok')
    })
  }
  const server =
    certificate === undefined
      ? http.createServer(listener)
      : https.createServer({ cert: certificate.certPem, key: certificate.keyPem }, listener)
  server.on('connection', () => {
    connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the upstream listens on no TCP port')
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    carriedOut,
    streams,
    get connections() {
      return connections
    },
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
