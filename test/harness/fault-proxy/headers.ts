import type { IncomingMessage } from 'node:http'
import type { Fault } from './faults.ts'

/** RFC 9110 section 7.6.1: these belong to one connection and are not passed on. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

type HeaderPair = readonly [name: string, value: string]

function pairsOf(message: IncomingMessage): HeaderPair[] {
  const raw = message.rawHeaders
  const pairs: HeaderPair[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([raw[index] ?? '', raw[index + 1] ?? ''])
  return pairs.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()))
}

function without(pairs: readonly HeaderPair[], name: string): HeaderPair[] {
  return pairs.filter(([other]) => other.toLowerCase() !== name)
}

/**
 * What the upstream gets to see, as a flat list. Host stays as the client wrote it, so that a registry builds
 * Locations that lead back here; X-Forwarded-Proto tells it our scheme. Node's server answers Expect by itself.
 */
export function upstreamHeaders(request: IncomingMessage, scheme: 'http' | 'https'): string[] {
  const pairs = without(without(pairsOf(request), 'expect'), 'x-forwarded-proto')
  return [...pairs, ['X-Forwarded-Proto', scheme] as const, ...uploadFraming(request)].flat()
}

function uploadFraming(request: IncomingMessage): HeaderPair[] {
  if (request.headers['transfer-encoding'] !== undefined) return [['Transfer-Encoding', 'chunked']]
  const bodiless = request.method === 'GET' || request.method === 'HEAD' || request.method === 'DELETE'
  // Without it Node would send an empty chunked upload where the client sent none.
  return bodiless || request.headers['content-length'] !== undefined ? [] : [['Content-Length', '0']]
}

/** True where the request's headers announce a body. */
export function hasUpload(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** What the client gets to see, as a flat list: the upstream's, with a length that agrees with what the faults do. */
export function clientHeaders(answer: IncomingMessage, faults: readonly Fault[]): string[] {
  const closes = answer.headers.connection?.toLowerCase() === 'close' || answer.httpVersion === '1.0'
  const connection: HeaderPair[] = closes ? [['Connection', 'close']] : []
  return [...faults.reduce(withFramingFor, pairsOf(answer)), ...connection].flat()
}

function withFramingFor(pairs: HeaderPair[], fault: Fault): HeaderPair[] {
  const length = pairs.find(([name]) => name.toLowerCase() === 'content-length')
  if (length === undefined) return pairs
  if (fault.kind === 'inject') return without(pairs, 'content-length')
  if (fault.kind !== 'truncate' || fault.length === 'kept') return pairs
  const rest = without(pairs, 'content-length')
  if (typeof fault.after !== 'number') return rest
  return [...rest, [length[0], String(Math.min(fault.after, Number(length[1])))]]
}
