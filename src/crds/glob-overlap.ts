/**
 * Whether there is a text that both patterns match (glob.ts says what they mean). Takes time in proportion to the product of their lengths.
 */
export function globsOverlap(a: string, b: string): boolean {
  return isReached(tokensOf(a), tokensOf(b), (mine, other) => [
    isRun(mine) ? 'first' : undefined,
    isRun(other) ? 'second' : undefined,
    haveCommon(mine, other) ? taken(mine, other) : undefined,
  ])
}

/** Whether one pattern matches whatever the other one does; false also where that is only hard to tell. */
export function globCovers(wide: string, narrow: string): boolean {
  return isReached(tokensOf(wide), tokensOf(narrow), (mine, other) => [
    isRun(mine) ? 'first' : undefined,
    takesIn(mine, other) ? (isRun(mine) ? 'second' : 'both') : undefined,
  ])
}

/** A character that stands for itself, or `?`, `*`, `**`, as `any`, `run`, `deep run`. */
type Token = { readonly char: string } | 'any' | 'run' | 'deep run'
/** Of which pattern a token is done with. */
type Step = 'first' | 'second' | 'both'

function tokensOf(pattern: string): Token[] {
  return [...pattern.matchAll(/\*\*|\*|\?|[^*?]/gsu)].map(([token]) => {
    if (token === '**') return 'deep run'
    if (token === '*') return 'run'
    return token === '?' ? 'any' : { char: token }
  })
}

function isRun(token: Token | undefined): boolean {
  return token === 'run' || token === 'deep run'
}

/** Whether one character fits both. */
function haveCommon(a: Token | undefined, b: Token | undefined): boolean {
  if (a === undefined || b === undefined) return false
  if (typeof a === 'object' && typeof b === 'object') return a.char === b.char
  if (typeof a === 'object') return b === 'deep run' || a.char !== '/'
  return typeof b !== 'object' || a === 'deep run' || b.char !== '/'
}

/** What comes after a character that fits both: a run goes on. */
function taken(a: Token | undefined, b: Token | undefined): Step | undefined {
  if (isRun(a)) return isRun(b) ? undefined : 'second'
  return isRun(b) ? 'first' : 'both'
}

/** Whether all that `narrow` stands for is part of what `wide` stands for. */
function takesIn(wide: Token | undefined, narrow: Token | undefined): boolean {
  if (wide === undefined || narrow === undefined) return false
  if (wide === 'deep run') return true
  if (typeof narrow === 'object')
    return typeof wide === 'object' ? wide.char === narrow.char : narrow.char !== '/'
  return wide === 'run' ? narrow !== 'deep run' : wide === 'any' && narrow === 'any'
}

/** Whether the ends of both are reached from their beginnings. @param steps from a pair of tokens; undefined tokens: the end */
function isReached(
  a: readonly Token[],
  b: readonly Token[],
  steps: (mine: Token | undefined, other: Token | undefined) => readonly (Step | undefined)[],
): boolean {
  const width = b.length + 1
  const reached = new Uint8Array((a.length + 1) * width)
  reached[0] = 1
  for (let at = 0; at < reached.length; at += 1) {
    if (reached[at] === 0) continue
    for (const step of steps(a[Math.floor(at / width)], b[at % width])) {
      if (step === 'first') reached[at + width] = 1
      else if (step === 'second') reached[at + 1] = 1
      else if (step === 'both') reached[at + width + 1] = 1
    }
  }
  return reached.at(-1) === 1
}
