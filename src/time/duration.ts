/** The durations users write: `15m`, `36h`, `31d`, `1h30m`. The CRDs carry a stricter one as a CEL rule. */
export const DURATION_PATTERN = '^([0-9]+(ms|s|m|h|d|w))+$'

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/**
 * Milliseconds of a duration string, or undefined where `text` is not one (empty, unknown unit, sign, fraction,
 * or more than Number.MAX_SAFE_INTEGER ms).
 */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ms|s|m|h|d|w)/g)) {
    total += Number(count) * (UNIT_MS[unit ?? ''] ?? Number.NaN)
  }
  return Number.isSafeInteger(total) ? total : undefined
}
