/** How a document is written as a body. */
export interface BodyFormat<Document> {
  readonly write: (document: Document) => Iterable<string> | AsyncIterable<string>
}

/** How a document is served as a file. */
export interface FileFormat<Document> extends BodyFormat<Document> {
  readonly contentType: string
  /** What a browser may do with it: a Content-Security-Policy. */
  readonly policy: string
  /** For people. */
  readonly title: string
}

/** What is no page may load and run nothing at all. */
export const NO_PAGE_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"

export const JSON_TYPE = 'application/json; charset=utf-8'
export const CSV_TYPE = 'text/csv; charset=utf-8; header=present'
export const HTML_TYPE = 'text/html; charset=utf-8'
export const TEXT_TYPE = 'text/plain; charset=utf-8'
