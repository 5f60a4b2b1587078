import { Composer, type Document, Lexer, LineCounter, Parser } from 'yaml'
import { TallymanError } from '#catalogue/error.ts'

/** The largest Secret. */
const MAX_LENGTH = 1024 * 1024
/** A kubeconfig of hundreds of contexts has fewer; so many take 0.3 s at worst. */
const MAX_LEXEMES = 50_000
const MAX_DEPTH = 50
const MAX_ALIASES = 100

/**
 * Parses the YAML of somebody who may wish us ill. Text, parts, depth and aliases have limits: without them 1 MiB of brackets
 * or of keys stops the process for seconds to minutes. Messages name the place and never the text, which holds credentials.
 * @throws KUBE_CONFIG_INVALID
 */
export function parseKubeconfigYaml(text: string): unknown {
  if (text.length > MAX_LENGTH) throw invalid(`is larger than ${MAX_LENGTH} characters`)
  const lines = new LineCounter()
  // Finding keys that are there twice takes quadratic time.
  const composer = new Composer({ uniqueKeys: false })
  let document: Document.Parsed | undefined
  for (const found of composer.compose(tokens(text, lines), true, text.length)) {
    if (document !== undefined) throw invalid('holds more than one YAML document')
    document = found
  }
  if (document === undefined) throw invalid('is empty')
  const [error] = document.errors
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0])
    throw invalid(`is not YAML: ${error.code} in line ${line}, column ${col}`)
  }
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    if (error instanceof ReferenceError) throw invalid('has too many YAML aliases, or one that names nothing')
    throw error
  }
}

function* tokens(text: string, lines: LineCounter) {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  let lexemes = 0
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1
    yield* parser.next(lexeme)
    if (lexemes > MAX_LEXEMES) throw invalid('has more parts than any kubeconfig')
    if (parser.stack.length > MAX_DEPTH) throw invalid('is nested deeper than any kubeconfig')
  }
  yield* parser.end()
}

function invalid(what: string): TallymanError {
  return new TallymanError('KUBE_CONFIG_INVALID', `The kubeconfig ${what}`)
}
