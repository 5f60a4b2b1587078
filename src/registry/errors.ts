import { TallymanError } from '#catalogue/error.ts'
import type { ErrorCode } from '#catalogue/error-codes.ts'
import { ForbiddenAddressError } from './addresses.ts'

/** A URL without what may be secret: user, query (`_state`, presigned signatures) and fragment. */
export function safeUrl(url: URL | string): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : url
  return parsed === null ? '(not a URL)' : `${parsed.protocol}//${parsed.host}${parsed.pathname}`
}

/** How far an exchange had come when it broke. In `body` a complete header had promised more. */
export type Phase = 'headers' | 'body'

/** What was asked, and where. `path` with query, as it goes on the wire. */
export interface Place {
  readonly method: string
  readonly origin: URL
  readonly path: string
}

export const urlOf = (place: Omit<Place, 'method'>): URL => new URL(place.path, place.origin)

interface Verdict {
  readonly code: ErrorCode
  readonly says: string
}

const TLS_FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  CERT_REVOKED: 'its certificate is revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority',
  CERT_UNTRUSTED: 'its certificate is not trusted',
  CERT_SIGNATURE_FAILURE: 'the signature of its certificate is wrong',
  INVALID_CA: 'its certificate is signed by something that is no authority',
  INVALID_PURPOSE: 'its certificate is not for servers',
}

const NETWORK_FAULTS: Readonly<Record<string, Verdict>> = {
  ECONNREFUSED: { code: 'REGISTRY_UNREACHABLE', says: 'connection refused' },
  ECONNRESET: { code: 'REGISTRY_UNREACHABLE', says: 'connection reset' },
  EPIPE: { code: 'REGISTRY_UNREACHABLE', says: 'connection closed while sending' },
  ENOTFOUND: { code: 'REGISTRY_UNREACHABLE', says: 'the host name does not exist' },
  EAI_AGAIN: { code: 'REGISTRY_UNREACHABLE', says: 'the host name cannot be resolved at the moment' },
  EHOSTUNREACH: { code: 'REGISTRY_UNREACHABLE', says: 'no route to the host' },
  ENETUNREACH: { code: 'REGISTRY_UNREACHABLE', says: 'no route to the network' },
  ETIMEDOUT: { code: 'REGISTRY_TIMEOUT', says: 'no connection in time' },
  UND_ERR_CONNECT_TIMEOUT: { code: 'REGISTRY_TIMEOUT', says: 'no connection in time' },
  UND_ERR_SOCKET: { code: 'REGISTRY_UNREACHABLE', says: 'connection closed before the answer was complete' },
  UND_ERR_DESTROYED: { code: 'REGISTRY_UNREACHABLE', says: 'the client was closed' },
  UND_ERR_CLOSED: { code: 'REGISTRY_UNREACHABLE', says: 'the client was closed' },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    code: 'REGISTRY_UNREACHABLE',
    says: 'the answer does not have the promised length',
  },
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: {
    code: 'REGISTRY_SIZE_MISMATCH',
    says: 'the content to upload does not have the size of its descriptor',
  },
  UND_ERR_HEADERS_OVERFLOW: {
    code: 'REGISTRY_TOO_LARGE',
    says: 'the headers of the answer are larger than 16 KiB',
  },
  UND_ERR_PRX_CONN: { code: 'REGISTRY_UNREACHABLE', says: 'the proxy closed the connection' },
  UND_ERR_PRX_TLS: {
    code: 'REGISTRY_TLS_UNTRUSTED',
    says: 'the certificate of the proxy is for another name',
  },
}

/**
 * What a failed exchange says about the registry. Passes a TallymanError through.
 * @param phase where it broke: content that was promised and did not come is REGISTRY_TRUNCATED
 */
export function networkError(error: unknown, place: Place, phase: Phase): TallymanError {
  if (error instanceof TallymanError) return error
  const verdict = judge(error, phase)
  return new TallymanError(verdict.code, `${place.method} ${safeUrl(urlOf(place))}: ${verdict.says}`, {
    cause: error,
    details: { host: place.origin.host, method: place.method, reason: codeOf(error), phase },
  })
}

function judge(error: unknown, phase: Phase): Verdict {
  if (error instanceof ForbiddenAddressError) return { code: 'REGISTRY_REDIRECT', says: error.message }
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  const tls = TLS_FAULTS[code]
  if (tls !== undefined) return { code: 'REGISTRY_TLS_UNTRUSTED', says: `${tls} (${code})` }
  if (
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|wrong version number|packet length too long/.test(
      `${code} ${message}`,
    )
  ) {
    return { code: 'REGISTRY_NOT_TLS', says: 'the port answers, but not with TLS' }
  }
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    return { code: 'REGISTRY_TLS_UNTRUSTED', says: `no TLS connection (${code})` }
  }
  if (message === 'bad response') {
    return { code: 'REGISTRY_NOT_A_REGISTRY', says: 'the server speaks before it is asked, so not HTTP' }
  }
  if (code.startsWith('HPE_') || (error instanceof Error && error.name === 'HTTPParserError'))
    return { code: 'REGISTRY_NOT_A_REGISTRY', says: `the answer is not HTTP/1.1 (${code})` }
  if (/Proxy response|Proxy Authentication/.test(message)) {
    return { code: 'REGISTRY_UNREACHABLE', says: `the proxy refuses the connection: ${message}` }
  }
  const known = NETWORK_FAULTS[code]
  if (known === undefined) {
    return { code: 'REGISTRY_UNREACHABLE', says: `${code || 'no answer'} ${message}`.trim() }
  }
  if (phase === 'body' && known.code === 'REGISTRY_UNREACHABLE') {
    return { code: 'REGISTRY_TRUNCATED', says: `the answer ended before it was complete (${known.says})` }
  }
  return known
}

function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code
  return ''
}
