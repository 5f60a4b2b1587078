import { TallymanError } from '#catalogue/error.ts'

/** A number, or null for what is not known. */
type Cell = number | null

/** Rows as one list of numbers, in which a text is its place in a list of distinct texts: small, quick to read, and the same rows give the same bytes. */
export class CellWriter {
  readonly #texts = new Map<string, number>()
  readonly #cells: Cell[] = []

  text(text: string | undefined): void {
    if (text === undefined) {
      this.#cells.push(null)
      return
    }
    const place = this.#texts.get(text) ?? this.#texts.size
    this.#texts.set(text, place)
    this.#cells.push(place)
  }

  number(value: number | undefined): void {
    this.#cells.push(value ?? null)
  }

  bytes(): Buffer {
    return Buffer.from(JSON.stringify({ texts: [...this.#texts.keys()], cells: this.#cells }))
  }
}

/** Reads the cells that a CellWriter wrote, in their order. Everything throws MEMORY_INVALID where they are not what is asked for. */
export class CellReader {
  readonly #texts: readonly unknown[]
  readonly #cells: readonly unknown[]
  #next = 0

  constructor(bytes: Uint8Array) {
    const { texts, cells } = listsOf(bytes)
    this.#texts = texts
    this.#cells = cells
  }

  get isAtEnd(): boolean {
    return this.#next === this.#cells.length
  }

  optionalText(): string | undefined {
    const place = this.optionalNumber()
    if (place === undefined) return undefined
    const text = this.#texts[place]
    if (typeof text !== 'string') throw invalid(`has no text ${place}`)
    return text
  }

  text(): string {
    return required(this.optionalText())
  }

  optionalNumber(): number | undefined {
    const cell = this.#cells[this.#next]
    this.#next += 1
    if (cell === null) return undefined
    if (typeof cell !== 'number') throw invalid(`has no number in cell ${this.#next}`)
    return cell
  }

  number(): number {
    return required(this.optionalNumber())
  }

  /** So many rows, each read by `row`. */
  list<T>(row: () => T): T[] {
    const length = this.number()
    if (length > this.#cells.length - this.#next) throw invalid(`is too short for ${length} rows`)
    return Array.from({ length }, row)
  }
}

export function invalid(why: string, cause?: unknown): TallymanError {
  const message = `This is nothing that a policy has kept: it ${why}`
  return new TallymanError('MEMORY_INVALID', message, cause === undefined ? {} : { cause })
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw invalid('lacks something that has to be there')
  return value
}

function listsOf(bytes: Uint8Array): {
  readonly texts: readonly unknown[]
  readonly cells: readonly unknown[]
} {
  const parsed = parse(bytes)
  if (typeof parsed === 'object' && parsed !== null && 'texts' in parsed && 'cells' in parsed) {
    const { texts, cells } = parsed
    if (Array.isArray(texts) && Array.isArray(cells)) return { texts, cells }
  }
  throw invalid('is no list of texts and cells')
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  } catch (error) {
    throw invalid('is no JSON', error)
  }
}
