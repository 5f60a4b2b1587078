/** What is held at most to be sorted, in characters with some for each tag: the tags of a repository of 100,000 take a third of it. */
const MOST_HELD = 16 * 1024 * 1024
const EACH = 32

/**
 * The tags of a repository in byte order, however the registry sends them. What comes in order goes on at once, so that pages show as they
 * come; from where it does not on (docker-registry 2.8 sends all tags at once, unsorted) it is held until the end and sorted. Of more
 * than `mostHeld` it is sorted piece by piece.
 */
export async function* sortedTags(
  batches: AsyncIterable<readonly string[]>,
  mostHeld = MOST_HELD,
): AsyncGenerator<readonly string[], void, void> {
  let last = ''
  let isInOrder = true
  let held: string[] = []
  let size = 0
  for await (const batch of batches) {
    isInOrder &&= isAscending(batch, last)
    if (isInOrder) {
      last = batch.at(-1) ?? last
      yield batch
      continue
    }
    for (const tag of batch) {
      held.push(tag)
      size += tag.length + EACH
    }
    if (size <= mostHeld) continue
    yield held.sort()
    held = []
    size = 0
  }
  if (held.length > 0) yield held.sort()
}

function isAscending(batch: readonly string[], after: string): boolean {
  let last = after
  for (const tag of batch) {
    if (tag < last) return false
    last = tag
  }
  return true
}
