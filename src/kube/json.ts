/** Reading of JSON whose shape is not known: what has the wrong type reads as absent. */

export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : EMPTY
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : NOTHING
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Milliseconds since the epoch of an RFC 3339 time; undefined where there is none or it lies before 1970. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined
  const ms = Date.parse(value)
  return ms >= 0 ? ms : undefined
}

const EMPTY: Readonly<Record<string, unknown>> = Object.freeze({})
const NOTHING: readonly unknown[] = Object.freeze([])
