type Order<T> = (a: T, b: T) => number

/**
 * Sorts in steps, for who must not hold up the event loop: runs of `size`, which are then merged two by two. What is equal stays in its order.
 * @param size Infinity: all at once
 * @param compare as for Array.sort: without it, by the texts
 */
export function* sortedInSteps<T>(
  items: Iterable<T>,
  size: number,
  compare?: Order<T>,
): Generator<undefined, T[]> {
  const all = [...items]
  let runs: T[][] = []
  for (let start = 0; start < all.length; start += size) {
    if (start > 0) yield
    runs.push(all.slice(start, start + size).sort(compare))
  }
  while (runs.length > 1) {
    const merged: T[][] = []
    for (let at = 0; at < runs.length; at += 2) {
      yield
      merged.push(mergedOf(runs[at] ?? [], runs[at + 1] ?? [], compare ?? byText))
    }
    runs = merged
  }
  return runs[0] ?? []
}

function mergedOf<T>(a: readonly T[], b: readonly T[], compare: Order<T>): T[] {
  const all: T[] = []
  let next = 0
  for (const item of a) {
    for (let other = b[next]; other !== undefined && compare(other, item) < 0; other = b[next]) {
      all.push(other)
      next += 1
    }
    all.push(item)
  }
  return all.concat(b.slice(next))
}

function byText(a: unknown, b: unknown): number {
  return `${a}` < `${b}` ? -1 : 1
}
