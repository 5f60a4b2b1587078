import { spawn } from 'node:child_process'
import { z } from 'zod'
import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { cancellation, onAbort, throwIfAborted } from './abort.ts'
import { helperKey } from './docker-config.ts'
import type { Credential } from './target.ts'

/** It becomes the name of a program that is looked for in PATH: nothing that leads elsewhere. */
const HELPER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
/** Somebody may have to unlock a key ring. */
const LONGEST_MS = 60_000
const MOST_BYTES = 64 * 1024

/** How docker-credential-helpers say it, and docker understands it. */
const NOT_FOUND = 'credentials not found in native keychain'
/** In place of a name: the secret is an identity token. */
const TOKEN_USER = '<token>'

const Answer = z.object({ Username: z.string(), Secret: z.string() })

export interface HelperOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** ms; default: a minute. */
  readonly timeoutMs?: number | undefined
  /** Default: that of the process. */
  readonly env?: NodeJS.ProcessEnv | undefined
}

/**
 * Asks a docker credential helper (`docker-credential-NAME get`) for the credential of a registry host. What the helper has to say to a
 * person goes to stderr; its answer stands in no message.
 * @param name without `docker-credential-`
 * @param host with port, as in the URL of the registry
 * @returns undefined where it holds none for the host
 * @throws TallymanError CREDENTIAL_HELPER_MISSING, CREDENTIAL_HELPER_FAILED, CANCELLED
 */
export async function credentialFromHelper(
  name: string,
  host: string,
  options: HelperOptions,
): Promise<Credential | undefined> {
  if (!HELPER.test(name)) {
    const written = JSON.stringify(name.slice(0, 64))
    throw new TallymanError(
      'LOCAL_FILE_INVALID',
      `the docker config names ${written}, which is no name of a credential helper`,
    )
  }
  const program = `docker-credential-${name}`
  const server = helperKey(host)
  const { code, output } = await run(program, server, options)
  if (code !== 0) {
    if (output.trim() === NOT_FOUND) return undefined
    throw failed(program, server, `ended with ${code === null ? 'a signal' : `exit code ${code}`}`)
  }
  const answer = Answer.safeParse(jsonOf(output))
  if (!answer.success) throw failed(program, server, 'answered something that is no credential')
  const { Username: username, Secret: secret } = answer.data
  if (username === '' && secret === '') return undefined
  if (username === TOKEN_USER) return { kind: 'identityToken', token: secret }
  return { kind: 'basic', username, password: secret }
}

interface Ended {
  readonly code: number | null
  readonly output: string
}

function run(program: string, server: string, options: HelperOptions): Promise<Ended> {
  const { clock, signal, timeoutMs = LONGEST_MS, env } = options
  throwIfAborted(signal)
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'inherit'], env })
    const chunks: Buffer[] = []
    let size = 0
    const forget = onAbort(signal, () => stop(cancellation(signal)))
    const cancelLimit = clock.schedule(timeoutMs, () =>
      stop(failed(program, server, `did not answer within ${timeoutMs} ms`)),
    )
    const settle = () => {
      forget()
      cancelLimit()
    }
    // What it has started itself may hold its output open: that is not waited for.
    const stop = (error: TallymanError) => {
      settle()
      child.kill('SIGKILL')
      child.stdout.destroy()
      reject(error)
    }
    child.once('error', (error) => {
      settle()
      reject(notStarted(program, server, error))
    })
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MOST_BYTES) stop(failed(program, server, `answered more than ${MOST_BYTES} bytes`))
      else chunks.push(chunk)
    })
    child.once('close', (code) => {
      settle()
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') })
    })
    // One that does not read what it is asked for ends by itself; how is seen above.
    child.stdin.on('error', () => undefined)
    child.stdin.end(server)
  })
}

function notStarted(program: string, server: string, error: Error): TallymanError {
  if ('code' in error && error.code === 'ENOENT') {
    return new TallymanError(
      'CREDENTIAL_HELPER_MISSING',
      `The docker config says that ${program} holds the credentials of ${server}, and there is no such program in PATH`,
    )
  }
  const why = 'code' in error ? String(error.code) : error.message
  return failed(program, server, `cannot be started: ${why}`, error)
}

function failed(program: string, server: string, how: string, cause?: unknown): TallymanError {
  return new TallymanError(
    'CREDENTIAL_HELPER_FAILED',
    `${program} ${how} when it was asked for the credentials of ${server} (echo ${server} | ${program} get)`,
    { cause },
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The message of JSON.parse quotes the text, and the text is a secret.
    return undefined
  }
}
