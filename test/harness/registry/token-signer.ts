import { hash, randomUUID, sign, X509Certificate } from 'node:crypto'
import type { KeyPair } from '#test/harness/tls.ts'

/** One entry of a token's `access` claim (distribution, docs/spec/auth/jwt.md). */
export interface TokenAccess {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

export interface TokenSigner {
  readonly keyId: string
  /** A compact ES256 JWT, valid from now for `validFor` seconds; a negative number makes one that has expired. */
  sign(subject: string, access: readonly TokenAccess[], validFor: number): string
}

/** Signs registry tokens with a P-256 key; the certificate travels in `x5c`, which both registries check. */
export function createTokenSigner(options: { key: KeyPair; issuer: string; service: string }): TokenSigner {
  const certificate = new X509Certificate(options.key.certPem)
  const header = encode({ typ: 'JWT', alg: 'ES256', x5c: [certificate.raw.toString('base64')] })
  return {
    keyId: hash('sha256', certificate.raw, 'hex').slice(0, 16),
    sign: (subject, access, validFor) => {
      const now = Math.floor(Date.now() / 1000)
      const start = Math.min(now, now + validFor) - 1
      const claims = encode({
        iss: options.issuer,
        sub: subject,
        aud: options.service,
        iat: start,
        nbf: start,
        exp: now + validFor,
        jti: randomUUID(),
        access,
      })
      const signature = sign('sha256', Buffer.from(`${header}.${claims}`), {
        key: options.key.keyPem,
        dsaEncoding: 'ieee-p1363',
      })
      return `${header}.${claims}.${signature.toString('base64url')}`
    },
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
