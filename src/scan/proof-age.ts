/** How old proofs may be, in milliseconds. */
export interface ProofPolicy {
  /** How old the proof of a blob or of a manifest's bytes may be (S26). */
  readonly maxAgeMs: number
  /** Time until the next lap: what would be too old by then is proven in this one. */
  readonly untilNextLapMs: number
}

/**
 * Whether a proof of this age still counts, and will until the next lap. Each key has its own share of the limit, between half and all
 * of it: what one lap proved together does not fall due together for ever.
 */
export function isFresh(key: string, ageMs: number, { maxAgeMs, untilNextLapMs }: ProofPolicy): boolean {
  return ageMs + untilNextLapMs <= maxAgeMs * (1 + fraction(key)) * 0.5
}

export interface ContentPolicy {
  /** Every byte is read once in this long. */
  readonly cycleMs: number
  readonly untilNextLapMs: number
}

/**
 * Whether a blob is to be read and hashed in this lap. Its slot in the cycle hangs on its key and on the calendar alone, so that the
 * reading spreads evenly, also over restarts: it is due when a slot has come, or comes before the next lap, since it was read last.
 * @param now, readAt ms since the epoch
 */
export function isContentDue(
  key: string,
  readAt: number,
  now: number,
  { cycleMs, untilNextLapMs }: ContentPolicy,
): boolean {
  if (cycleMs <= untilNextLapMs) return true
  const phase = fraction(key) * cycleMs
  const until = now + untilNextLapMs
  const slot = Math.floor((until - phase) / cycleMs) * cycleMs + phase
  // A slot that came before the next lap of the time that it was read was read for.
  return slot > readAt + untilNextLapMs
}

/** In [0, 1), evenly spread and always the same for the same key (FNV-1a, 32 bits). */
function fraction(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash >>> 0) / 2 ** 32
}
