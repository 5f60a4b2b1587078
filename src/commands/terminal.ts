/** Where a command writes: its result to stdout and nothing else there, all that it has to say to stderr. */
export interface Terminal {
  /** Resolves when it is written; with false where nobody reads on, as after `head`: that is no error. */
  print(text: string): Promise<boolean>
  note(line: string): void
  /** Shows these lines below all notes, in place of those before; they must fit. Only where there is `progress`. */
  show(lines: readonly string[]): void
  /** How wide the result may be; undefined: it goes to a file or a pipe. */
  readonly columns: number | undefined
  /** The room for what `show` shows; undefined: stderr is no terminal. */
  readonly progress: { readonly columns: number; readonly rows: number } | undefined
}

/** What is used of stdout and stderr. */
interface Stream {
  write(text: string, done?: (error?: Error | null) => void): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

const COLUMNS = 80
const ROWS = 24

export class ProcessTerminal implements Terminal {
  readonly #out: Stream
  readonly #err: Stream
  /** How many lines stand there that `show` wrote. */
  #shown = 0

  /** @param out,err stdout and stderr of the process */
  constructor(out: Stream, err: Stream) {
    this.#out = out
    this.#err = err
    // What failed is told by the callback of each write; without a listener the process would end.
    out.on('error', () => undefined)
    err.on('error', () => undefined)
  }

  get columns(): number | undefined {
    return this.#out.isTTY === true ? this.#out.columns || COLUMNS : undefined
  }

  get progress(): Terminal['progress'] {
    if (this.#err.isTTY !== true) return undefined
    // A terminal that does not know its size says 0.
    return { columns: this.#err.columns || COLUMNS, rows: this.#err.rows || ROWS }
  }

  print(text: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#out.write(text, (error) => {
        if (error == null) resolve(true)
        else if ('code' in error && error.code === 'EPIPE') resolve(false)
        else reject(error)
      })
    })
  }

  note(line: string): void {
    this.#err.write(`${this.#takeBack()}${line}\n`)
  }

  show(lines: readonly string[]): void {
    if (this.progress === undefined) return
    const before = this.#takeBack()
    this.#shown = lines.length
    this.#err.write(before + lines.map((line) => `${line}\n`).join(''))
  }

  /** What clears the lines that are shown. */
  #takeBack(): string {
    const shown = this.#shown
    this.#shown = 0
    return shown === 0 ? '' : `\u001b[${shown}A\r\u001b[J`
  }
}
