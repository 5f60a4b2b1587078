import { homedir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { hasCode, TallymanError } from '#catalogue/error.ts'
import { readIfThere, readLocalFile } from '#commands/local-file.ts'
import { readPassword } from '#commands/password-input.ts'
import type { RegistryOptions } from '#commands/registry-options.ts'
import { credentialFromHelper } from '#registry/credential-helper.ts'
import { type UserLogin, userLogin } from '#registry/docker-config.ts'
import type { Credential } from '#registry/target.ts'
import type { Clock } from '#time/clock.ts'

export type LoginOptions = Pick<RegistryOptions, 'username' | 'passwordStdin' | 'authFile' | 'anonymous'>

/** What of the process the search for credentials looks at. */
export interface LoginSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * The credential for a registry host: of the options, or of the first docker config that has one, from the config itself or the program
 * that it names. None is no error: a registry may want none.
 * @throws LOCAL_FILE_INVALID, CREDENTIAL_HELPER_MISSING, CREDENTIAL_HELPER_FAILED, CANCELLED
 */
export async function registryLogin(
  host: string,
  options: LoginOptions,
  surroundings: LoginSurroundings,
): Promise<Credential | undefined> {
  const { username, authFile, anonymous } = options
  const { env, stdin, signal } = surroundings
  if (anonymous === true) return undefined
  if (username !== undefined) return { kind: 'basic', username, password: await readPassword(stdin, signal) }
  if (authFile !== undefined) {
    const text = await readLocalFile(authFile, '--auth-file', signal)
    return await credentialIn(text, authFile, host, surroundings)
  }
  for (const file of usualAuthFiles(env)) {
    const text = await readIfThere(file, 'the docker config', signal)
    const credential = text === undefined ? undefined : await credentialIn(text, file, host, surroundings)
    if (credential !== undefined) return credential
  }
  return undefined
}

/** Where docker and podman keep credentials, in the order in which they are looked into. */
export function usualAuthFiles(env: Readonly<Record<string, string | undefined>>): string[] {
  const home = env.HOME || homedir()
  const docker = path.join(env.DOCKER_CONFIG || path.join(home, '.docker'), 'config.json')
  const runtime = env.XDG_RUNTIME_DIR
  return runtime ? [docker, path.join(runtime, 'containers/auth.json')] : [docker]
}

async function credentialIn(
  text: string,
  file: string,
  host: string,
  { clock, signal, env }: LoginSurroundings,
): Promise<Credential | undefined> {
  const { helper, credential } = loginIn(text, file, host)
  if (helper === undefined) return credential
  return (await credentialFromHelper(helper, host, { clock, signal, env })) ?? credential
}

function loginIn(text: string, file: string, host: string): UserLogin {
  try {
    return userLogin(text, host)
  } catch (error) {
    if (!hasCode(error, 'SECRET_INVALID')) throw error
    throw new TallymanError('LOCAL_FILE_INVALID', `${file}: ${error.message}`, { cause: error })
  }
}
