import type { Log } from '#kube/log.ts'

/**
 * Aborts on the first SIGTERM or SIGINT: the orderly shutdown. The second ends the process at once with exit code 1,
 * for whoever has no time to wait.
 */
export function shutdownSignal(log: Log): AbortSignal {
  const shutdown = new AbortController()
  const onSignal = (signal: NodeJS.Signals) => {
    if (shutdown.signal.aborted) {
      log.warn({ signal }, 'second signal: ending without waiting')
      process.exit(1)
    }
    log.info({ signal }, 'signal received')
    shutdown.abort()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return shutdown.signal
}
