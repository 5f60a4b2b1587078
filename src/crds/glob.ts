import { RE2JS } from 're2js'

/**
 * Patterns that users write in specs: `*` is any run of characters without `/`, `**` any run with them, `?` one
 * character without `/`; all else stands for itself. Matching is linear in the text whatever the pattern (re2), so a
 * policy cannot hang the operator.
 */
export interface Glob {
  readonly source: string
  matches(text: string): boolean
}

export function compileGlob(source: string): Glob {
  const compiled = RE2JS.compile(regularExpression(source))
  return { source, matches: (text) => compiled.matches(text) }
}

/** True when `text` matches one of the patterns. */
export function anyMatches(globs: readonly Glob[], text: string): boolean {
  return globs.some((glob) => glob.matches(text))
}

function regularExpression(source: string): string {
  return source.replace(/\*\*|\*|\?|[^*?]+/g, (token) => {
    if (token === '**') return '(?s:.*)'
    if (token === '*') return '[^/]*'
    if (token === '?') return '[^/]'
    return RE2JS.quote(token)
  })
}
