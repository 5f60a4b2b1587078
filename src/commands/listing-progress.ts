import { counted } from '#catalogue/counted.ts'
import { showLine } from '#commands/progress-line.ts'
import type { Terminal } from '#commands/terminal.ts'
import type { Clock } from '#time/clock.ts'

/** How far a listing is, on a terminal only: what goes elsewhere stays clean. */
export class ListingProgress {
  repositories = 0
  tags = 0
  readonly #terminal: Terminal
  readonly #clock: Clock
  readonly #host: string
  #end: (() => void) | undefined

  constructor(terminal: Terminal, clock: Clock, host: string) {
    this.#terminal = terminal
    this.#clock = clock
    this.#host = host
  }

  /** Shows it until `end`. */
  start(): void {
    this.#end = showLine(this.#terminal, this.#clock, () => this.#line())
  }

  end(): void {
    this.#end?.()
    this.#end = undefined
  }

  #line(): string {
    const tags = this.tags === 0 ? '' : `, ${counted(this.tags, 'tag')}`
    return `${this.#host}: ${countedRepositories(this.repositories)}${tags} so far`
  }
}

export function countedRepositories(count: number): string {
  return counted(count, 'repository', 'repositories')
}
