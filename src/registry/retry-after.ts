import type { HttpHeaders } from './headers.ts'
import { header } from './headers.ts'

/** Nobody means longer: a registry that says so must not keep us from ever asking again. */
const LONGEST_MS = 24 * 3_600_000

/**
 * Retry-After (RFC 9110 §10.2.3), seconds or an HTTP date, as milliseconds from `now`, at most a day; undefined where absent
 * or garbage.
 */
export function retryAfterMs(headers: HttpHeaders, now: number): number | undefined {
  const text = header(headers, 'retry-after')?.trim()
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_MS)
  const date = Date.parse(text)
  return Number.isNaN(date) || !/[a-z]{3}/i.test(text)
    ? undefined
    : Math.min(Math.max(0, date - now), LONGEST_MS)
}
