import type { Terminal } from '#commands/terminal.ts'

/** How rows become text that can be printed as they come. */
export interface RowFormat<Row> {
  readonly head: string
  /** @param isFirst nothing but the head stands before it */
  row(row: Row, isFirst: boolean): string
  /** After the last row, and only where that was really the last. */
  readonly tail: string | (() => string)
}

/** What waits to be written at most, in characters, before the one who brings rows has to wait. */
const MOST_WAITING = 64 * 1024

/** Prints rows as they come: the first at once, and while a write is under way those after it gather for the next. */
export class RowPrinter<Row> {
  readonly #terminal: Pick<Terminal, 'print'>
  readonly #format: RowFormat<Row>
  #began = false
  #waiting = ''
  #writing: Promise<void> | undefined
  #isReadOn = true
  #failure: { readonly error: unknown } | undefined

  constructor(terminal: Pick<Terminal, 'print'>, format: RowFormat<Row>) {
    this.#terminal = terminal
    this.#format = format
  }

  /** Something was printed. */
  get began(): boolean {
    return this.#began
  }

  /** @returns false: nobody reads on @throws what writing threw, such as ENOSPC */
  async row(row: Row): Promise<boolean> {
    const isFirst = !this.#began
    if (isFirst) this.#begin()
    this.#waiting += this.#format.row(row, isFirst)
    this.#write()
    if (this.#waiting.length > MOST_WAITING) await this.#writing
    return this.#goesOn()
  }

  /** All rows have been given: prints what belongs after them. */
  async end(): Promise<void> {
    if (!this.#began) this.#begin()
    const { tail } = this.#format
    this.#waiting += typeof tail === 'string' ? tail : tail()
    await this.settle()
  }

  /** Resolves when all rows that were given are written. */
  async settle(): Promise<void> {
    this.#write()
    await this.#writing
    this.#goesOn()
  }

  #begin(): void {
    this.#began = true
    this.#waiting = this.#format.head
  }

  #write(): void {
    if (this.#waiting !== '' && this.#isReadOn) this.#writing ??= this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    try {
      do {
        const text = this.#waiting
        this.#waiting = ''
        this.#isReadOn = await this.#terminal.print(text)
      } while (this.#waiting !== '' && this.#isReadOn)
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#writing = undefined
    }
  }

  #goesOn(): boolean {
    if (this.#failure !== undefined) throw this.#failure.error
    return this.#isReadOn
  }
}
