import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'

export interface CallOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly agent?: http.Agent
  readonly ca?: string | undefined
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The code of the error that ended the body early: what had come by then is in `body`. */
  readonly error: string | undefined
}

/** Sends a request and gives the answer as soon as its headers are there. */
export function open(url: string, options: CallOptions = {}): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body, agent = false, ca, signal } = options
  const common = { method, headers, agent, ...(signal === undefined ? {} : { signal }) }
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:')
      ? https.request(url, { ...common, ...(ca === undefined ? {} : { ca }) }, resolve)
      : http.request(url, common, resolve)
    request.on('error', reject)
    request.end(body)
  })
}

/** The answer with whatever of its body came. Rejects where not even headers did. */
export async function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const answer = await open(url, options)
  const chunks: Buffer[] = []
  const error = await new Promise<string | undefined>((resolve) => {
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    answer.on('end', () => resolve(undefined))
    answer.on('error', (failure) => resolve('code' in failure ? String(failure.code) : failure.message))
  })
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks), error }
}

/** The code of the error that `url` cannot be asked with, or the status where it can. */
export function failure(url: string, options: CallOptions = {}): Promise<string> {
  return call(url, options).then(
    (answer) => `status ${answer.status}`,
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  )
}

export interface Collected {
  readonly bytes: Buffer
  readonly text: string
  /** `end`, or the code of the error that ended it; undefined while it goes on. */
  readonly ended: string | undefined
}

/** Collects what a stream gave so far. */
export function collect(stream: IncomingMessage): Collected {
  const chunks: Buffer[] = []
  let ended: string | undefined
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.on('end', () => {
    ended = 'end'
  })
  stream.on('error', (error) => {
    ended = 'code' in error ? String(error.code) : error.message
  })
  return {
    get bytes() {
      return Buffer.concat(chunks)
    },
    get text() {
      return Buffer.concat(chunks).toString()
    },
    get ended() {
      return ended
    },
  }
}
