/** A run has so many rows on average, and so many at most: some milliseconds to write, some hundred KB. */
const ROWS = 512
const MOST_ROWS = 2 * ROWS

/**
 * Cuts rows into runs where the rows themselves say so: what comes or goes changes the run that it is in, and leaves the others as they are.
 * @param keyOf what tells a row from its neighbours
 */
export function* runsOf<T>(rows: Iterable<T>, keyOf: (row: T) => string): Generator<T[], void> {
  let run: T[] = []
  for (const row of rows) {
    run.push(row)
    if (hashOf(keyOf(row)) % ROWS !== 0 && run.length < MOST_ROWS) continue
    yield run
    run = []
  }
  if (run.length > 0) yield run
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
