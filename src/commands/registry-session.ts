import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import { readLocalFile } from '#commands/local-file.ts'
import { printable } from '#commands/printable.ts'
import { registryLogin } from '#commands/registry-login.ts'
import type { RegistryOptions } from '#commands/registry-options.ts'
import type { RegistryPlace } from '#commands/registry-place.ts'
import { errorLine } from '#commands/registry-remedy.ts'
import type { Terminal } from '#commands/terminal.ts'
import type { RegistryClient } from '#registry/client.ts'
import { RegistryPool } from '#registry/pool.ts'
import { proxyFromEnvironment } from '#registry/proxy-environment.ts'
import type { RegistryLog, RegistryTarget, RequestObserver } from '#registry/target.ts'
import { systemClock } from '#time/clock.ts'

/** The registry that a command is about, and what it works with. */
export interface AskedRegistry {
  readonly place: RegistryPlace
  readonly options: RegistryOptions
  readonly terminal: Terminal
  readonly userAgent: string
  readonly signal: AbortSignal
  /** Told of every request. */
  readonly observer?: RequestObserver | undefined
}

/** A registry that has answered, and the work on it. */
export interface RegistrySession {
  readonly client: RegistryClient
  /** Where it answered. */
  readonly url: string
  /** Ends with the command, and with the session: nothing goes on after it. */
  readonly signal: AbortSignal
}

export const FAILED = 1

/**
 * Opens a registry as the options say and does `work` with it. A failure is told on stderr.
 * @param work resolves with the exit code
 * @returns the exit code; `FAILED` where something failed
 * @throws CANCELLED
 */
export async function withRegistry(
  asked: AskedRegistry,
  work: (session: RegistrySession) => Promise<number>,
): Promise<number> {
  try {
    return await inRegistry(asked, work)
  } catch (thrown) {
    asked.signal.throwIfAborted()
    const error = asTallymanError(thrown)
    if (error.code === 'INTERNAL') throw thrown
    asked.terminal.note(errorLine(error))
    return FAILED
  }
}

/**
 * The same, for who has to say something else of a failure.
 * @throws TallymanError where it does not answer like a registry, or does not take the credentials; whatever `work` throws
 */
export async function inRegistry<T>(
  { place, options, terminal, userAgent, signal, observer }: AskedRegistry,
  work: (session: RegistrySession) => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  const pool = new RegistryPool({ clock: systemClock, userAgent, observer, log: oneLineEach(terminal) })
  try {
    const opened = await open(pool, place, options, signal)
    return await work({ ...opened, signal: AbortSignal.any([signal, over.signal]) })
  } finally {
    over.abort(new TallymanError('CANCELLED', 'The command is over'))
    await pool.close()
  }
}

/** @throws TallymanError where it does not answer like a registry, or does not take the credentials */
async function open(
  pool: RegistryPool,
  { urls }: RegistryPlace,
  options: RegistryOptions,
  signal: AbortSignal,
): Promise<Pick<RegistrySession, 'client' | 'url'>> {
  const { env, stdin } = process
  const { caFile, concurrency, requestsPerSecond, timeout, trustedRealm } = options
  const [first, second] = urls
  const surroundings = { env, stdin, clock: systemClock, signal }
  const credential = await registryLogin(new URL(first).host, options, surroundings)
  const caPem = caFile === undefined ? undefined : await readCa(caFile, signal)
  const target = (url: string): RegistryTarget => ({
    ...{ url, credential, caPem, trustedRealms: trustedRealm, timeoutMs: timeout },
    proxy: proxyFromEnvironment(new URL(url), env),
    limits: { concurrency, requestsPerSecond },
  })
  const answering = async (url: string) => {
    const client = pool.client(target(url))
    await client.ping({ signal, lane: 'interactive' })
    return { client, url }
  }
  try {
    return await answering(first)
  } catch (error) {
    if (second === undefined || !hasCode(error, 'REGISTRY_NOT_TLS')) throw error
    return await answering(second)
  }
}

async function readCa(file: string, signal: AbortSignal): Promise<string> {
  const pem = await readLocalFile(file, '--ca-file', signal)
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw new TallymanError('LOCAL_FILE_INVALID', `--ca-file: ${file} holds no PEM certificate`)
}

/** What the registry makes us know is told once: that it asks us to wait, it may say a thousand times. */
function oneLineEach(terminal: Terminal): RegistryLog {
  const told = new Set<string>()
  return {
    debug: () => undefined,
    warn: (fields, message) => {
      if (told.has(message)) return
      told.add(message)
      terminal.note(printable(`tallyman: ${message} ${JSON.stringify(fields)}`))
    },
  }
}
