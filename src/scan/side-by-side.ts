/**
 * Does `work` for every item, up to `width` at once. After the first failure nothing new begins; what is under way is waited for.
 * @param stop aborted with the first failure, for who wants what is under way to end early
 * @returns the results in the order of the items @throws the first failure, also that of the iteration
 */
export async function sideBySide<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
  stop?: AbortController,
): Promise<R[]> {
  const results: R[] = []
  const queue = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  let taken = 0
  let failure: { readonly error: unknown } | undefined
  const worker = async () => {
    while (failure === undefined) {
      try {
        const next = await queue.next()
        if (next.done === true) return
        const index = taken++
        results[index] = await work(next.value)
      } catch (error) {
        failure ??= { error }
        stop?.abort(error)
      }
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  if (failure !== undefined) throw failure.error
  return results
}
