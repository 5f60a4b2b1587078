import { shortened } from '#commands/table.ts'
import type { Terminal } from '#commands/terminal.ts'
import type { Clock } from '#time/clock.ts'

const REDRAW_MS = 100

/** Shows a line on a terminal, drawn anew all the time, until the returned function is called: what goes elsewhere stays clean. */
export function showLine(terminal: Terminal, clock: Clock, line: () => string): () => void {
  if (terminal.progress === undefined) return () => undefined
  const draw = () => {
    const room = terminal.progress
    if (room !== undefined) terminal.show([shortened(line(), room.columns - 1)])
    cancel = clock.schedule(REDRAW_MS, draw)
  }
  let cancel = clock.schedule(REDRAW_MS, draw)
  return () => {
    cancel()
    terminal.show([])
  }
}
