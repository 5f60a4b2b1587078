/** One challenge of a WWW-Authenticate header. Scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * All challenges of all WWW-Authenticate headers (RFC 9110 §11.6.1): several schemes may share one line, separated by
 * the same comma that separates parameters; quoted strings may hold commas and escapes. What cannot be parsed is left out.
 */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  return headers.flatMap(parseHeader)
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const SEPARATOR = /[\s,]*/y
const PARAMETER = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"?|([^\s,"]*))/y
const TOKEN68 = /[ \t]+[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y

function parseHeader(header: string): Challenge[] {
  const challenges: Challenge[] = []
  let position = 0
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position
    const found = pattern.exec(header)
    if (found !== null) position = pattern.lastIndex
    return found
  }
  for (;;) {
    match(SEPARATOR)
    const scheme = match(TOKEN)?.[0]
    if (scheme === undefined) return challenges
    const parameters = new Map<string, string>()
    challenges.push({ scheme: scheme.toLowerCase(), parameters })
    if (match(TOKEN68) !== null) continue
    for (;;) {
      const before = position
      match(SEPARATOR)
      const parameter = match(PARAMETER)
      if (parameter === null) {
        position = before
        break
      }
      const [, name = '', quoted, plain = ''] = parameter
      const value = quoted === undefined ? plain : quoted.replace(/\\([\s\S])/g, '$1')
      if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), value)
    }
  }
}
