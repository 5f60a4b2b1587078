/** The headers of an answer: names in lower case, repeated ones as a list. */
export type HttpHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Of a request: a cache between us and the registry may hold an answer from before a tag was pushed, or moved. */
export const NOT_CACHED: readonly string[] = ['cache-control', 'no-cache']

/** The first value of a header, by its lower-case name. */
export function header(headers: HttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'object' ? value[0] : value
}

/** All values of a header that may be repeated. */
export function headerValues(headers: HttpHeaders, name: string): readonly string[] {
  const value = headers[name]
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}

/** Content-Length as a number, where there is a sound one. */
export function contentLength(headers: HttpHeaders): number | undefined {
  const text = header(headers, 'content-length')
  if (text === undefined || !/^\d+$/.test(text)) return undefined
  const length = Number(text)
  return Number.isSafeInteger(length) ? length : undefined
}

/** `bytes 9-9/10` of a 206, or `bytes *\/10` of a 416: RFC 9110 §14.4. */
export interface ContentRange {
  readonly first: number | undefined
  readonly last: number | undefined
  readonly total: number | undefined
}

export function contentRange(headers: HttpHeaders): ContentRange | undefined {
  const match = /^bytes\s+(?:(\d+)-(\d+)|\*)\/(\d+|\*)$/i.exec(header(headers, 'content-range')?.trim() ?? '')
  if (match === null) return undefined
  const [, first, last, total] = match
  const number = (text: string | undefined) => (text === undefined || text === '*' ? undefined : Number(text))
  return { first: number(first), last: number(last), total: number(total) }
}
