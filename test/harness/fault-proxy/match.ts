import type { RecordedRequest } from './record.ts'

/** Which requests are meant. Everything that is set must hold; an empty match means every request. */
export interface RequestMatch {
  readonly method?: string | readonly string[]
  /** The whole path without query, or a pattern found in it. */
  readonly path?: string | RegExp
  /** A pattern found in the query string (without `?`). */
  readonly query?: RegExp
  readonly where?: (request: RecordedRequest) => boolean
  /** Only the n-th of the requests that match otherwise, counted from 1 since the match was set up. */
  readonly nth?: number
  /** Only from the n-th of the requests that match otherwise. */
  readonly from?: number
}

/** A predicate with its own count for `nth` and `from`: ask it once per request. */
export function matcher(match: RequestMatch = {}): (request: RecordedRequest) => boolean {
  let seen = 0
  return (request) => {
    if (!describes(match, request)) return false
    seen += 1
    if (match.nth !== undefined && seen !== match.nth) return false
    return match.from === undefined || seen >= match.from
  }
}

function describes(match: RequestMatch, request: RecordedRequest): boolean {
  const { method, path, query, where } = match
  if (typeof method === 'string' && method !== request.method) return false
  if (Array.isArray(method) && !method.includes(request.method)) return false
  if (typeof path === 'string' && path !== request.path) return false
  if (path instanceof RegExp && request.path.search(path) < 0) return false
  if (query !== undefined && request.query.search(query) < 0) return false
  return where === undefined || where(request)
}
