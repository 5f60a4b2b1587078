import { machineTime } from './machine-time.ts'

/** What was done, with its moment; the last of it is what a violation is explained by. */
export class Journal {
  readonly #begunAt = machineTime()
  readonly #counts = new Map<string, number>()
  readonly #lines: string[] = []
  operations = 0

  /** One line. @param kind what is counted; absent: nothing */
  note(line: string, kind?: string): void {
    this.#lines.push(`${this.at(machineTime())}  ${line}`)
    if (this.#lines.length > KEPT_LINES) this.#lines.shift()
    if (kind !== undefined) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
  }

  /** How often each kind was noted, sorted by name. */
  get counts(): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  get tail(): readonly string[] {
    return this.#lines
  }

  /** Seconds since the beginning. */
  at(moment: number): string {
    return `${((moment - this.#begunAt) / 1_000).toFixed(2).padStart(8)} s`
  }
}

const KEPT_LINES = 80
