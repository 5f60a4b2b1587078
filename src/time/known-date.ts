/** Tools that build reproducibly write 1970, 1980 or the year 1: that says nothing (research/registry-protocol.md §0.9, S13). */
const FIRST_KNOWN = Date.parse('1980-01-02T00:00:00Z')

/** Whether an image can have been built then. Both in ms since the epoch. */
export function isKnownDate(at: number | undefined, now: number): at is number {
  return at !== undefined && at >= FIRST_KNOWN && at <= now
}
