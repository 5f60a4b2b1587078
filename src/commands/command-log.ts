import type { Terminal } from '#commands/terminal.ts'
import type { Log } from '#kube/log.ts'

/** What a one-shot command tells of the log of its parts: errors. What else they note, it reads from their state. */
export function commandLog(terminal: Pick<Terminal, 'note'>): Log {
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (fields, message) => terminal.note(`tallyman: ${message} ${JSON.stringify(fields)}`),
    child: () => log,
  }
  return log
}
