import { ERROR_CODES, type ErrorCode } from '#catalogue/error-codes.ts'
import type { ErrorEntry, ErrorKind } from '#catalogue/error-entry.ts'

export interface ErrorOptions {
  readonly cause?: unknown
  /** Facts for logs and findings: status, url without query, digest expected and got. Never a secret. */
  readonly details?: Readonly<Record<string, string | number | boolean | undefined>>
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number
}

/**
 * The one error class of the product. The code says what happened and is declared in errors/; the message adds
 * the field, the value and the place. Branch on `code` or `kind`.
 */
export class TallymanError extends Error {
  override readonly name = 'TallymanError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, string | number | boolean | undefined>>
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
    this.retryAfterMs = options.retryAfterMs
  }

  get entry(): ErrorEntry {
    return ERROR_CODES[this.code]
  }

  get kind(): ErrorKind {
    return ERROR_CODES[this.code].kind
  }

  /** The message with the remedy: what conditions and the command line show. */
  get advice(): string {
    return `${this.message.replace(/[.\s]+$/, '')}. ${this.entry.remedy}`
  }
}

/** Whatever was thrown, as a TallymanError: `INTERNAL` where it was none, with the original as its cause. */
export function asTallymanError(thrown: unknown): TallymanError {
  if (thrown instanceof TallymanError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new TallymanError('INTERNAL', message, { cause: thrown })
}

/** True when `thrown` is a TallymanError with one of these codes. */
export function hasCode(thrown: unknown, ...codes: ErrorCode[]): thrown is TallymanError {
  return thrown instanceof TallymanError && codes.includes(thrown.code)
}
