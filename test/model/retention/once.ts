/** More are not kept. */
const MOST = 10_000

/** The same answer for the same question, as there are many worlds and they ask the same; where that is undefined, it is found anew. */
export function once<K, V>(answer: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>()
  return (key) => {
    const before = known.get(key)
    if (before !== undefined) return before
    const found = answer(key)
    if (known.size < MOST) known.set(key, found)
    return found
  }
}
