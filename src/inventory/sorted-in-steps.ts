/**
 * Sorts texts in steps, for who must not hold up the event loop: runs of `size`, which are then merged two by two.
 * @param size Infinity: all at once
 */
export function* sortedInSteps(texts: Iterable<string>, size: number): Generator<undefined, string[]> {
  const all = [...texts]
  let runs: string[][] = []
  for (let start = 0; start < all.length; start += size) {
    if (start > 0) yield
    runs.push(all.slice(start, start + size).sort())
  }
  while (runs.length > 1) {
    const merged: string[][] = []
    for (let at = 0; at < runs.length; at += 2) {
      yield
      merged.push(mergedOf(runs[at] ?? [], runs[at + 1] ?? []))
    }
    runs = merged
  }
  return runs[0] ?? []
}

function mergedOf(a: readonly string[], b: readonly string[]): string[] {
  const all: string[] = []
  let next = 0
  for (const text of a) {
    for (let other = b[next]; other !== undefined && other < text; other = b[next]) {
      all.push(other)
      next += 1
    }
    all.push(text)
  }
  for (; next < b.length; next += 1) all.push(b[next] ?? '')
  return all
}
