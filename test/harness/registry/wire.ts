import { Client } from 'undici'

export interface WireRequest {
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** From the root: `/v2/a/tags/list`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface WireResponse {
  readonly status: number
  /** Names in lower case; a repeated header is joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** True where the connection ended before the promised body was complete. */
  readonly cut: boolean
}

const TIMEOUT_MS = 30_000

/**
 * Tests' own view of a server: the bare answer, with no retry, no authentication and no redirect followed.
 */
export class RegistryWire {
  readonly #origin: string
  readonly #ca: string | undefined

  constructor(origin: string, ca?: string) {
    this.#origin = origin
    this.#ca = ca
  }

  /** @throws the connection's error where not even a status arrived */
  async send(request: WireRequest): Promise<WireResponse> {
    // A connection of its own: after a cut body the next request would find a dying one.
    const client = new Client(this.#origin, {
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      connect: this.#ca === undefined ? {} : { ca: this.#ca },
    })
    try {
      const response = await client.request({
        method: request.method ?? 'GET',
        path: request.path,
        headers: { ...request.headers },
        body: request.body ?? null,
      })
      const headers = Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
      )
      return { status: response.statusCode, headers, ...(await readBody(response.body)) }
    } finally {
      await client.destroy()
    }
  }
}

async function readBody(stream: AsyncIterable<Buffer>): Promise<{ body: Buffer; cut: boolean }> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stream) chunks.push(chunk)
    return { body: Buffer.concat(chunks), cut: false }
  } catch (error) {
    if (error instanceof Error && 'code' in error && CUT_CODES.has(String(error.code))) {
      return { body: Buffer.concat(chunks), cut: true }
    }
    throw error
  }
}

const CUT_CODES = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])
