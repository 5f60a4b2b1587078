import { isPattern, parsePin } from '#inventory/pin.ts'

/** Images that CI or GitOps writes down, because no cluster names them yet (S07). */
export interface PinFile {
  /** As written, each once. */
  readonly pins: readonly string[]
  /** Lines that say nothing, so that something may be needed that is not known: the first ten. */
  readonly invalid: readonly InvalidLine[]
}

export interface InvalidLine {
  /** From 1. */
  readonly line: number
  /** How it begins. */
  readonly text: string
  readonly problem: string
}

const MAX_INVALID = 10
const MAX_TEXT_LENGTH = 64
/** A pattern takes time for every repository. References do not: their number has no bound but that of a ConfigMap, 1 MiB. */
const MAX_PATTERNS = 256

/** Reads one reference or pattern a line; `#` begins a comment. */
export function parsePinFile(content: string): PinFile {
  const pins = new Set<string>()
  const invalid: InvalidLine[] = []
  let patterns = 0
  for (const [index, written] of content.split('\n').entries()) {
    const text = written.replace(/#.*/, '').trim()
    if (text === '' || pins.has(text)) continue
    const problem = problemOf(text, patterns)
    if (problem === undefined) {
      pins.add(text)
      if (isPattern(text)) patterns += 1
    } else if (invalid.length < MAX_INVALID) {
      invalid.push({ line: index + 1, text: text.slice(0, MAX_TEXT_LENGTH), problem })
    }
  }
  return { pins: [...pins], invalid }
}

function problemOf(text: string, patterns: number): string | undefined {
  if (isPattern(text) && patterns === MAX_PATTERNS) return `more than ${MAX_PATTERNS} patterns`
  const pin = parsePin(text)
  return 'problem' in pin ? pin.problem : undefined
}
