/**
 * Does `work` for up to `width` items at a time and yields the results in the order of the items, each as soon as those before it are
 * there: it waits neither for more items nor for `width` of them. When it ends early it leaves what is under way to whoever can end it.
 * @throws whatever `source` or `work` throws, in its turn
 */
export async function* inOrder<T, R>(
  source: AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const items = source[Symbol.asyncIterator]()
  const running: Promise<R>[] = []
  let upcoming: Promise<IteratorResult<T>> | undefined
  let isOver = false
  try {
    for (;;) {
      if (!isOver && running.length < width) upcoming ??= watched(items.next())
      const [head] = running
      const next = await firstOf(upcoming, head)
      if (next === undefined) return
      if ('result' in next) {
        void running.shift()
        yield next.result
      } else {
        upcoming = undefined
        if (next.item.done === true) isOver = true
        else running.push(watched(work(next.item.value)))
      }
    }
  } finally {
    if (!isOver) void watched(Promise.resolve(items.return?.()))
  }
}

/** Which is there first; where both are, the item: work is started before results are handed on. */
async function firstOf<T, R>(
  upcoming: Promise<IteratorResult<T>> | undefined,
  head: Promise<R> | undefined,
): Promise<{ readonly item: IteratorResult<T> } | { readonly result: R } | undefined> {
  const item = upcoming?.then((each) => ({ item: each }))
  const result = head?.then((each) => ({ result: each }))
  if (item === undefined || result === undefined) return await (item ?? result)
  return await Promise.race([item, result])
}

/** Nobody may be left to see it fail: that is no unhandled rejection. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}
