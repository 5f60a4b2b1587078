import { textFacts } from '#report/text-facts.ts'
import type { BodyFormat } from '#server/file-format.ts'

/** What a body is, without the body. */
export interface BodyFacts {
  /** With its quotes. */
  readonly etag: string
  readonly bytes: number
}

/** The facts of every format of every document that was asked for. A document is immutable, and what is known of it goes with it. */
export class BodyFactsCache<Document extends object> {
  readonly #known = new WeakMap<Document, Map<BodyFormat<Document>, Promise<BodyFacts>>>()

  /** Writes the document once to know its digest and size; other requests have their turn meanwhile. */
  of(document: Document, format: BodyFormat<Document>): Promise<BodyFacts> {
    const formats = this.#known.get(document) ?? new Map<BodyFormat<Document>, Promise<BodyFacts>>()
    this.#known.set(document, formats)
    const known = formats.get(format)
    if (known !== undefined) return known
    const facts = measure(format.write(document))
    formats.set(format, facts)
    return facts
  }
}

async function measure(pieces: Iterable<string> | AsyncIterable<string>): Promise<BodyFacts> {
  const { sha256, bytes } = await textFacts(pieces)
  return { etag: `"${sha256.toString('base64url')}"`, bytes }
}

/** Whether one of the entity tags that the client names is `etag`; weak ones count (RFC 9110 §13.1.2). */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}
