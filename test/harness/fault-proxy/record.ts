import type { IncomingMessage } from 'node:http'
import { systemClock } from '#time/clock.ts'
import type { FaultKind } from './faults.ts'

/** What is kept of a request. Of credentials only their scheme and the name of the account are kept. */
export interface RecordedRequest {
  /** The proxy's count when it arrived, from 1. */
  readonly n: number
  /** Arrival in monotonic milliseconds. */
  readonly time: number
  readonly method: string
  readonly path: string
  /** Without `?`; empty where there is none. */
  readonly query: string
  readonly userAgent: string | undefined
  readonly accept: string | undefined
  readonly cacheControl: string | undefined
  readonly range: string | undefined
  /** Lower-case scheme of the Authorization header (`basic`, `bearer`), undefined where none was sent. */
  readonly authorization: string | undefined
  /** The account of a Basic Authorization header. */
  readonly account: string | undefined
  /** What the client was told; undefined while no header was sent, and for good where none ever was. */
  readonly status: number | undefined
  /** Bytes of the upload that were passed on. */
  readonly uploadedBytes: number
  /** Bytes of the answer's body that were sent to the client. */
  readonly bytes: number
  /** From arrival to the end of the exchange; undefined while it goes on. */
  readonly durationMs: number | undefined
  readonly faulted: readonly FaultKind[]
  /** Why the exchange ended early, where no fault did it: the client or the upstream went away. */
  readonly error: string | undefined
}

/** The proxy's own view of a record: it fills in what is learned while the exchange goes on. */
export interface OpenRecord extends RecordedRequest {
  status: number | undefined
  uploadedBytes: number
  bytes: number
  durationMs: number | undefined
  readonly faulted: FaultKind[]
  error: string | undefined
}

export function openRecord(request: IncomingMessage, n: number): OpenRecord {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  return {
    n,
    time: systemClock.monotonic(),
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    userAgent: request.headers['user-agent'],
    accept: request.headers.accept,
    cacheControl: request.headers['cache-control'],
    range: request.headers.range,
    authorization: request.headers.authorization?.split(' ')[0]?.toLowerCase(),
    account: accountOf(request.headers.authorization),
    status: undefined,
    uploadedBytes: 0,
    bytes: 0,
    durationMs: undefined,
    faulted: [],
    error: undefined,
  }
}

function accountOf(authorization = ''): string | undefined {
  const [, encoded] = /^basic (.+)$/i.exec(authorization) ?? []
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8').split(':')[0]
}

/** The last `capacity` requests, oldest first, and the count of all. */
export class RequestRing {
  readonly #capacity: number
  readonly #slots: RecordedRequest[] = []
  #count = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get count(): number {
    return this.#count
  }

  get requests(): readonly RecordedRequest[] {
    const oldest = this.#slots.length < this.#capacity ? 0 : this.#count % this.#capacity
    return [...this.#slots.slice(oldest), ...this.#slots.slice(0, oldest)]
  }

  add(request: RecordedRequest): void {
    this.#slots[this.#count % this.#capacity] = request
    this.#count += 1
  }
}
