import { hasCode } from '#catalogue/error.ts'
import type { Answer } from './buffered.ts'
import { urlOf } from './errors.ts'
import type { HttpHeaders } from './headers.ts'
import type { OpenAnswer } from './wire.ts'

/** A complete HTTP answer. `url` is the one that answered: after a redirect it is another than was asked. */
export interface Reply {
  readonly status: number
  readonly headers: HttpHeaders
  readonly body: Uint8Array
  readonly url: URL
  /** Whether another origin than the registry answered. */
  readonly redirected: boolean
}

/** A successful answer whose body is still to be read. It keeps its slot until it is read or abandoned. */
export interface OpenReply extends OpenAnswer {
  readonly url: URL
  readonly redirected: boolean
}

export const isOpen = (reply: Reply | OpenReply): reply is OpenReply => 'chunks' in reply

/** A Reply that makes its URL only when somebody asks for it: on the hot path nobody does. */
export class WholeReply implements Reply {
  readonly status: number
  readonly headers: HttpHeaders
  readonly body: Uint8Array
  readonly redirected: boolean
  readonly #asked: { readonly origin: URL; readonly path: string }

  constructor(answer: Answer, asked: { readonly origin: URL; readonly path: string }, redirected: boolean) {
    this.status = answer.status
    this.headers = answer.headers
    this.body = answer.body
    this.redirected = redirected
    this.#asked = asked
  }

  get url(): URL {
    return urlOf(this.#asked)
  }
}

/** The beginning of a body; the rest is abandoned. A body that breaks off counts with what came of it. */
export async function readAtMost(answer: OpenAnswer, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of answer.chunks()) {
      size += chunk.byteLength
      if (size > maxBytes) break
      chunks.push(chunk)
    }
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_TRUNCATED')) throw error
  }
  return Buffer.concat(chunks)
}
