/** A positive integer without leading zeros, of any length: how Kubernetes writes versions that have an order (KEP-5504). */
const ORDERED = /^[1-9][0-9]*$/

/**
 * The order of two resource versions of one resource in one cluster: below, at or above 0.
 * Undefined where one of them is no such number: then nothing is known of their order.
 */
export function compareVersions(a: string, b: string): number | undefined {
  if (!ORDERED.test(a) || !ORDERED.test(b)) return undefined
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : Number(a > b)
}

/** True when what is at version `held` is known to be at `wanted` or later. */
export function isAtLeast(held: string, wanted: string): boolean {
  const order = compareVersions(held, wanted)
  return order !== undefined && order >= 0
}
