import type { TallymanError } from '#catalogue/error.ts'
import type { ErrorCode } from '#catalogue/error-codes.ts'
import { printable } from '#commands/printable.ts'

/** What to do about an error where a command speaks to the registry: there is no spec and no Secret to correct. */
const REMEDIES: Readonly<Partial<Record<ErrorCode, string>>> = {
  REGISTRY_ABSENT:
    'Check the name. What lies below a path is listed by tallyman ls REGISTRY --repository "path/**".',
  REGISTRY_UNAUTHORIZED: 'Log in with docker login or podman login, or give --username and --password-stdin.',
  REGISTRY_FORBIDDEN: 'Use an account that may do this.',
  REGISTRY_REALM_UNTRUSTED: 'If the token server is yours, give its origin with --trusted-realm.',
  REGISTRY_UNREACHABLE: 'Check host and port, DNS, and whether the registry runs.',
  REGISTRY_TIMEOUT:
    'Check the load of the registry, ask for less at once with --concurrency, or wait longer with --timeout, in tallyman why with --request-timeout.',
  REGISTRY_TLS_UNTRUSTED: 'Give the certificate of the issuing CA with --ca-file.',
  REGISTRY_NOT_TLS: 'Give --plain-http, or write http:// before the host, or the port that speaks TLS.',
  REGISTRY_THROTTLED: 'Ask for less with --requests-per-second or --concurrency.',
  REGISTRY_NOT_A_REGISTRY: 'Check host and port, and whether https:// or http:// belongs before them.',
  REGISTRY_UNSUPPORTED:
    'Name a repository, as in registry.example.com/shop/cart; tallyman ls, count and check take some with --repository too.',
}

/** An error as a command tells it: code, what happened, what to do. What a registry has worded moves no cursor. */
export function errorLine(error: TallymanError): string {
  return `tallyman: ${errorWords(error)}`
}

/** The same within a line that begins otherwise. */
export function errorWords(error: TallymanError): string {
  const what = printable(error.message).replace(/[.\s]+$/, '')
  return `${error.code}: ${what}. ${REMEDIES[error.code] ?? error.entry.remedy}`
}
