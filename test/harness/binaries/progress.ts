import { systemClock } from '#time/clock.ts'

/** Where progress is shown: process.stderr, or a test's own. */
export interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const TERMINAL_TICK_MS = 1_000
const PLAIN_TICK_MS = 30_000

/**
 * Shows that `work` runs and for how long: one line that is rewritten every second in a terminal, otherwise a line at
 * the start, every 30 seconds and at the end.
 * @param title `kubernetes v1.37.2: building (about 7 min)`
 */
export async function withProgress<T>(
  title: string,
  work: () => Promise<T>,
  stream: ProgressStream = process.stderr,
): Promise<T> {
  const start = systemClock.monotonic()
  const tty = stream.isTTY === true
  const show = (end: string) => {
    const line = `${title} … ${minutes(systemClock.monotonic() - start)}${end}`
    stream.write(tty ? `\r\x1b[2K${line}${end === '' ? '' : '\n'}` : `${line}\n`)
  }
  show('')
  const timer = setInterval(() => show(''), tty ? TERMINAL_TICK_MS : PLAIN_TICK_MS)
  try {
    const result = await work()
    show(' done')
    return result
  } catch (error) {
    show(' failed')
    throw error
  } finally {
    clearInterval(timer)
  }
}

/** 80000 → `1:20`. */
function minutes(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
