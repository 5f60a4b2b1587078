/** What the harness reads of a go.mod (https://go.dev/ref/mod#go-mod-file). */
export interface GoMod {
  /** The oldest Go that may build it, `1.26.0`. */
  readonly go: string
  /** Package paths of its `tool` directives. */
  readonly tools: readonly string[]
  /** Module path → version, the indirect ones too. */
  readonly requires: ReadonlyMap<string, string>
}

/** Reads single directives and blocks alike; comments and directives it does not know are skipped. */
export function parseGoMod(text: string): GoMod {
  let go = ''
  const tools: string[] = []
  const requires = new Map<string, string>()
  let block = ''
  for (const raw of text.split('\n')) {
    const words = raw
      .replace(/\/\/.*/, '')
      .trim()
      .split(/\s+/)
    if (words[0] === ')') {
      block = ''
      continue
    }
    if (words[1] === '(') {
      block = words[0] ?? ''
      continue
    }
    const [directive, first, second] = block === '' ? words : [block, ...words]
    if (first === undefined || first === '') continue
    if (directive === 'go') go = first
    if (directive === 'tool') tools.push(first)
    if (directive === 'require' && second !== undefined) requires.set(first, second)
  }
  return { go, tools, requires }
}

/** The file that `go build` writes for a main package: its last path element, major version suffix left out. */
export function programOfPackage(packagePath: string): string {
  const parts = packagePath.split('/').filter((part) => !/^v[0-9]+$/.test(part))
  return parts.at(-1) ?? packagePath
}
