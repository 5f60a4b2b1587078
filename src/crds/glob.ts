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

/** What the names consist of that a pattern is held against. */
export interface NameAlphabet {
  readonly noun: string
  /** A character that is in no such name, and stands for nothing else in a pattern. */
  readonly stray: RegExp
  /** What such a name may hold, for people. */
  readonly characters: string
}

/** Upper case is no part of the distribution spec, and some products serve it. */
export const REPOSITORY_NAMES: NameAlphabet = {
  noun: 'repository',
  stray: /[^A-Za-z0-9._/*?-]/u,
  characters: 'letters, digits, . _ - and /',
}
export const TAGS: NameAlphabet = {
  noun: 'tag',
  stray: /[^A-Za-z0-9._*?-]/u,
  characters: 'letters, digits, . _ and -',
}

/** For people, why a pattern can match nothing, such as `v[0-9]`; undefined: it may. */
export function impossibleGlob(
  source: string,
  { noun, stray, characters }: NameAlphabet,
): string | undefined {
  const [character] = stray.exec(source) ?? []
  if (character === undefined) return undefined
  return `${JSON.stringify(source)} matches no ${noun}, because ${JSON.stringify(character)} is in none: allowed are ${characters}, and * and ? for others`
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
