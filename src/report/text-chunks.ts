const CHUNK_CHARACTERS = 64 * 1024

/** The pieces of a text as fewer, larger ones in UTF-8. */
export function* chunks(pieces: Iterable<string>): Generator<Buffer> {
  let held: string[] = []
  let characters = 0
  for (const piece of pieces) {
    held.push(piece)
    characters += piece.length
    if (characters < CHUNK_CHARACTERS) continue
    yield Buffer.from(held.join(''))
    held = []
    characters = 0
  }
  if (characters > 0) yield Buffer.from(held.join(''))
}

/** The bytes of a text in UTF-8, in pieces. @param pieces those of an asynchronous text are large enough as they are */
export function encoded(
  pieces: Iterable<string> | AsyncIterable<string>,
): Iterable<Buffer> | AsyncIterable<Buffer> {
  return Symbol.asyncIterator in pieces ? encodedEach(pieces) : chunks(pieces)
}

async function* encodedEach(pieces: AsyncIterable<string>): AsyncGenerator<Buffer, void, void> {
  for await (const piece of pieces) yield Buffer.from(piece)
}
