/** One request to an API server. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the server's base path, without a query: see resourcePath. */
  readonly path: string
  /** Entries with the value undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  /** Default `application/json`. */
  readonly accept?: string | undefined
  /** Default `application/json`, where there is a body. */
  readonly contentType?: string | undefined
  /** Sent as JSON. */
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  /** request: until the body is complete. stream: until the headers are there. Default 30 s. */
  readonly timeoutMs?: number | undefined
  /** Of the answer's body; request only. Default 16 MiB. */
  readonly maxBytes?: number | undefined
  /**
   * Called right before the request is handed to a connection, in the same turn of the event loop; what it throws keeps
   * the request from being sent. For fences: between asking and sending there must be no await (S16).
   */
  readonly beforeSend?: (() => void) | undefined
}

export interface KubeResponse {
  /** 200-299: everything else is thrown. */
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface KubeStream {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /**
   * Calls `onChunk` with each piece of the body as it comes; to be called once. Resolves when the server ends the body. What `onChunk`
   * throws closes the connection and is thrown. @throws KUBE_UNREACHABLE when the connection breaks · CANCELLED
   */
  read(onChunk: (chunk: Uint8Array) => void): Promise<void>
}
