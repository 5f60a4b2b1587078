/**
 * Does `work` for every item, up to `width` at once. After the first failure nothing new begins; what is under way is waited for.
 * @returns the results in the order of the items @throws the first failure, also that of the iteration
 */
export async function sideBySide<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const queue = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  let taken = 0
  let failed = false
  const worker = async () => {
    while (!failed) {
      try {
        const next = await queue.next()
        if (next.done === true) return
        const index = taken++
        results[index] = await work(next.value)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const workers = Array.from({ length: width }, worker)
  await Promise.allSettled(workers)
  await Promise.all(workers)
  return results
}
