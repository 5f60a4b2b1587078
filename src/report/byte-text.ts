const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const
const STEP = 1024
/** Below this a digit after the point says something. */
const WHOLE_FROM = 9.95

/** `512 B`, `1.5 GiB`, `12 MiB`. */
export function byteText(bytes: number): string {
  let amount = bytes
  let power = 0
  while (Math.round(amount) >= STEP && power < UNITS.length - 1) {
    amount /= STEP
    power += 1
  }
  const digits = power === 0 || amount >= WHOLE_FROM ? 0 : 1
  return `${amount.toFixed(digits)} ${UNITS[power]}`
}
