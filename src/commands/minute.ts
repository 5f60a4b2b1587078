/** `2026-11-25 14:05 UTC` @param ms since the epoch */
export function minute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
