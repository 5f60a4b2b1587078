import { counted } from '#commands/counted.ts'
import { shortened } from '#commands/table.ts'
import type { Terminal } from '#commands/terminal.ts'
import type { Clock } from '#time/clock.ts'

const REDRAW_MS = 100

/** How far a listing is, on a terminal only: what goes elsewhere stays clean. */
export class ListingProgress {
  repositories = 0
  tags = 0
  readonly #terminal: Terminal
  readonly #clock: Clock
  readonly #host: string
  #cancel: (() => void) | undefined

  constructor(terminal: Terminal, clock: Clock, host: string) {
    this.#terminal = terminal
    this.#clock = clock
    this.#host = host
  }

  /** Shows it until `end`. */
  start(): void {
    if (this.#terminal.progress === undefined) return
    this.#cancel = this.#clock.schedule(REDRAW_MS, () => {
      this.#draw()
      this.start()
    })
  }

  end(): void {
    if (this.#cancel === undefined) return
    this.#cancel()
    this.#cancel = undefined
    this.#terminal.show([])
  }

  #draw(): void {
    const room = this.#terminal.progress
    if (room === undefined) return
    const tags = this.tags === 0 ? '' : `, ${counted(this.tags, 'tag')}`
    const line = `${this.#host}: ${countedRepositories(this.repositories)}${tags} so far`
    this.#terminal.show([shortened(line, room.columns - 1)])
  }
}

export function countedRepositories(count: number): string {
  return count === 1 ? '1 repository' : `${count} repositories`
}
