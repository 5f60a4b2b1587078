import type { ErrorCode } from '#catalogue/error-codes.ts'
import type { ConditionReason } from '#catalogue/reasons.ts'

const REASONS: Readonly<Partial<Record<ErrorCode, ConditionReason>>> = {
  SECRET_NOT_FOUND: 'SecretNotFound',
  SECRET_FORBIDDEN: 'SecretForbidden',
  SECRET_INVALID: 'SecretInvalid',
  REGISTRY_UNAUTHORIZED: 'Unauthorized',
  REGISTRY_FORBIDDEN: 'Unauthorized',
  REGISTRY_REALM_UNTRUSTED: 'RealmUntrusted',
  REGISTRY_UNREACHABLE: 'Unreachable',
  REGISTRY_TIMEOUT: 'Timeout',
  REGISTRY_TLS_UNTRUSTED: 'TLSUntrusted',
  REGISTRY_NOT_TLS: 'NotTLS',
  REGISTRY_SERVER_ERROR: 'ServerError',
  REGISTRY_THROTTLED: 'Throttled',
  REGISTRY_NOT_A_REGISTRY: 'NotARegistry',
  REGISTRY_UNSUPPORTED: 'NotARegistry',
  REGISTRY_REDIRECT: 'NotARegistry',
  REGISTRY_TOO_LARGE: 'NotARegistry',
  REGISTRY_TRUNCATED: 'Unreachable',
  REGISTRY_ABSENT: 'NotARegistry',
  REGISTRY_MANIFEST_INVALID: 'NotARegistry',
  TIMED_OUT: 'Timeout',
}

/** What keeps us out of a registry that may well be up: a right, a Secret or a certificate is to be mended, and not the registry. */
export const KEPT_OUT = [
  'SecretNotFound',
  'SecretForbidden',
  'SecretInvalid',
  'Unauthorized',
  'RealmUntrusted',
  'TLSUntrusted',
] as const satisfies readonly ConditionReason[]

/** The reason of an error that keeps us out; undefined: it is another one. */
export function keptOutReason(code: ErrorCode): (typeof KEPT_OUT)[number] | undefined {
  return KEPT_OUT.find((reason) => reason === REASONS[code])
}

/** Which of the things that can be wrong with a registry it is; undefined: it is not about the registry. */
export function probeReason(code: ErrorCode): ConditionReason | undefined {
  return REASONS[code]
}
