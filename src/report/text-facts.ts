import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encoded } from '#report/text-chunks.ts'

/** What a text is, without the text. */
export interface TextFacts {
  readonly sha256: Buffer
  /** In UTF-8. */
  readonly bytes: number
}

/** Writes a text once to know its digest and size; other work has its turn meanwhile. */
export async function textFacts(pieces: Iterable<string> | AsyncIterable<string>): Promise<TextFacts> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of encoded(pieces)) {
    hash.update(chunk)
    bytes += chunk.length
    await nextTurn()
  }
  return { sha256: hash.digest(), bytes }
}
