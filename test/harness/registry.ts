import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { program } from '#test/harness/binaries/programs.ts'
import { reservePort } from '#test/harness/ports.ts'
import { type RunningProcess, startProcess } from '#test/harness/process.ts'
import { basicAuthorization } from '#test/harness/registry/basic-authorization.ts'
import { renderRegistryConfig } from '#test/harness/registry/config.ts'
import { writeRegistryFiles } from '#test/harness/registry/files.ts'
import type { RegistryOptions, RegistryVersion } from '#test/harness/registry/options.ts'
import { startTokenServer, type TokenServer } from '#test/harness/registry/token-server.ts'
import { RegistryWire } from '#test/harness/registry/wire.ts'
import { createStateDir } from '#test/harness/state-dir.ts'
import { testAuthority } from '#test/harness/tls.ts'

export type { RegistryAuth, RegistryOptions, RegistryVersion } from '#test/harness/registry/options.ts'

export interface TestRegistry {
  /** `http(s)://127.0.0.1:port` */
  readonly url: string
  /** `127.0.0.1:port`, as it stands in image references. */
  readonly host: string
  readonly storageDir: string
  readonly caPem?: string
  readonly version: RegistryVersion
  /** The file that the registry logs to. */
  readonly log: string
  readonly credentials?: { readonly username: string; readonly password: string }
  readonly tokenServer?: TokenServer
  readonly wire: RegistryWire
  /** The header that allows `scopes` (`repository:a/b:pull,push`) here; empty where no login is needed. */
  authorization(...scopes: string[]): Readonly<Record<string, string>>
  /** Ends the process; its port stays ours and answers with a refused connection until `up`. */
  down(): Promise<void>
  up(): Promise<void>
  /** `down` and `up`: same address and storage, empty caches. */
  restart(): Promise<void>
  stop(): Promise<void>
}

const START_TRIES = 3

/** Starts a registry of its own for a test. Every one must be stopped; none outlives this process. */
export async function startRegistry(options: RegistryOptions): Promise<TestRegistry> {
  const state = await createStateDir(`registry-${options.version}`)
  const ip = options.host ?? '127.0.0.1'
  const scheme = options.tls ? 'https' : 'http'
  const storageDir = options.storageDir ?? path.join(state.path, 'storage')
  const log = path.join(state.path, 'registry.log')
  const caPem = options.tls ? (await testAuthority()).caPem : undefined
  await mkdir(storageDir, { recursive: true })
  const tokenServer = await tokenServerFor(options, ip)
  const files = await writeRegistryFiles(state.path, options, ip, tokenServer)

  for (let attempt = 1; ; attempt += 1) {
    const reserved = await reservePort()
    const host = `${ip}:${reserved.port}`
    const url = `${scheme}://${host}`
    const wire = new RegistryWire(url, caPem)
    const configFile = path.join(state.path, 'config.yml')
    const config = renderRegistryConfig({ ...files, storageDir, address: host })
    await writeFile(configFile, config, { mode: 0o600 })
    const launch = (signal?: AbortSignal) => launchRegistry(options.version, configFile, log, wire, signal)
    try {
      let running = await launch(options.signal)
      const down = async () => void (await running.stop())
      const up = async () => {
        running = await launch()
      }
      return {
        url,
        host,
        storageDir,
        ...(caPem === undefined ? {} : { caPem }),
        version: options.version,
        log,
        ...credentialsOf(options),
        ...(tokenServer === undefined ? {} : { tokenServer }),
        wire,
        authorization: (...scopes) => authorizationFor(options, tokenServer, scopes),
        down,
        up,
        restart: async () => {
          await down()
          await up()
        },
        stop: async () => {
          await down()
          await tokenServer?.stop()
          await reserved.release()
          await state.remove()
        },
      }
    } catch (error) {
      await reserved.release()
      // A server outside the harness may have taken the port between our look and the registry's bind.
      if (attempt < START_TRIES && String(error).includes('address already in use')) continue
      await tokenServer?.stop()
      await state.remove()
      throw error
    }
  }
}

async function launchRegistry(
  version: RegistryVersion,
  configFile: string,
  logFile: string,
  wire: RegistryWire,
  signal: AbortSignal | undefined,
): Promise<RunningProcess> {
  return startProcess({
    name: `registry ${version}`,
    command: await program(version === '3' ? 'registry' : 'docker-registry'),
    args: ['serve', configFile],
    // Distribution 3 would send traces to localhost:4318.
    env: { OTEL_TRACES_EXPORTER: 'none' },
    logFile,
    signal,
    ready: async () => [200, 401].includes((await wire.send({ path: '/v2/' })).status),
  })
}

async function tokenServerFor(options: RegistryOptions, host: string): Promise<TokenServer | undefined> {
  const { auth, tls = false } = options
  if (auth?.kind !== 'token') return undefined
  const { kind: _kind, realm: _realm, ...behaviour } = auth
  return startTokenServer({ ...behaviour, tls, host })
}

function credentialsOf({ auth }: RegistryOptions): Pick<TestRegistry, 'credentials'> {
  if (auth === undefined) return {}
  return { credentials: { username: auth.username, password: auth.password } }
}

function authorizationFor(
  { auth }: RegistryOptions,
  tokenServer: TokenServer | undefined,
  scopes: readonly string[],
): Readonly<Record<string, string>> {
  if (tokenServer !== undefined) return { authorization: `Bearer ${tokenServer.issue(scopes)}` }
  return auth === undefined ? {} : { authorization: basicAuthorization(auth.username, auth.password) }
}
