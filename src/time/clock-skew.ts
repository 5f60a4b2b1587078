/**
 * By how many milliseconds another clock is ahead of ours, from the `Date` of an answer (S02). Good to half a second, as the
 * header has no more than seconds, and to half of how long the answer took.
 * @param sentAt when the request was sent and
 * @param receivedAt when the answer's headers came, both ms since the epoch by our clock
 * @returns undefined where the header is absent or no date
 */
export function skewOf(date: string | undefined, sentAt: number, receivedAt: number): number | undefined {
  const theirs = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(theirs)) return undefined
  // The fraction of the second was cut off: on average a half.
  return Math.round(theirs + 500 - (sentAt + receivedAt) / 2)
}
