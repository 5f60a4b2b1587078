import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { type LoginOptions, registryLogin } from '#commands/registry-login.ts'
import { systemClock } from '#time/clock.ts'

const HOST = 'registry.example:5000'
const basic = (username: string, password: string) => ({ kind: 'basic', username, password })
const config = (user: string, host = HOST) =>
  JSON.stringify({ auths: { [host]: { username: user, password: 'p' } } })

let home: string

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'tallyman-login-'))
})

afterEach(async () => {
  await rm(home, { recursive: true, force: true })
})

async function put(file: string, text: string): Promise<string> {
  const place = path.join(home, file)
  await mkdir(path.dirname(place), { recursive: true })
  await writeFile(place, text)
  return place
}

function login(
  options: LoginOptions = {},
  { stdin = '', signal = new AbortController().signal, env = {} } = {},
) {
  const all = {
    HOME: home,
    XDG_RUNTIME_DIR: path.join(home, 'run'),
    PATH: `${home}:${process.env.PATH}`,
    ...env,
  }
  return registryLogin(HOST, options, { env: all, stdin: Readable.from([stdin]), clock: systemClock, signal })
}

describe('the credential for a registry', () => {
  test('is none where nothing says so, or none is wanted', async () => {
    expect(await login()).toBeUndefined()
    await put('.docker/config.json', config('u'))
    expect(await login({ anonymous: true })).toBeUndefined()
    expect(await login({ anonymous: true, authFile: '/named/by/REGISTRY_AUTH_FILE' })).toBeUndefined()
  })

  test("is that of docker's config, then of podman's auth.json", async () => {
    await put('run/containers/auth.json', config('podman'))
    expect(await login()).toEqual(basic('podman', 'p'))
    await put('.docker/config.json', config('elsewhere', 'other.example'))
    expect(await login()).toEqual(basic('podman', 'p'))
    await put('.docker/config.json', config('docker'))
    expect(await login()).toEqual(basic('docker', 'p'))
    await put('d/config.json', config('env'))
    expect(await login({}, { env: { DOCKER_CONFIG: path.join(home, 'd') } })).toEqual(basic('env', 'p'))
  })

  test('is that of the file that is named, and of no other', async () => {
    await put('.docker/config.json', config('docker'))
    expect(await login({ authFile: await put('mine.json', config('mine')) })).toEqual(basic('mine', 'p'))
    expect(await login({ authFile: await put('none.json', '{}') })).toBeUndefined()
    await expect(login({ authFile: path.join(home, 'absent') })).rejects.toMatchObject({
      code: 'LOCAL_FILE_INVALID',
      message: `--auth-file: there is no file ${home}/absent`,
    })
  })

  test('is what a helper gives; where it knows nothing, what the config holds', async () => {
    const file = path.join(home, 'docker-credential-mine')
    const answer = (text: string) => put('docker-credential-mine', `#!/bin/sh\n${text}\n`)
    await answer(`echo '{"Username":"helped","Secret":"s"}'`)
    await chmod(file, 0o755)
    await put('.docker/config.json', JSON.stringify({ ...JSON.parse(config('docker')), credsStore: 'mine' }))
    expect(await login()).toEqual(basic('helped', 's'))
    await answer('echo credentials not found in native keychain; exit 1')
    expect(await login()).toEqual(basic('docker', 'p'))
    await put('.docker/config.json', JSON.stringify({ credHelpers: { [HOST]: 'absent-one' } }))
    await expect(login()).rejects.toMatchObject({ code: 'CREDENTIAL_HELPER_MISSING' })
  })

  test('is read from stdin where a user is named', async () => {
    const options: LoginOptions = { username: 'me', passwordStdin: true }
    expect(await login(options, { stdin: 'p w\n' })).toEqual(basic('me', 'p w'))
    expect(await login(options, { stdin: ' p\r\n' })).toEqual(basic('me', ' p'))
    await expect(login(options, { stdin: '\n' })).rejects.toMatchObject({ code: 'LOCAL_FILE_INVALID' })
    await expect(login(options, { stdin: 'x'.repeat(70_000) })).rejects.toThrow('longer than 65536 bytes')
  })

  test('is waited for no longer than until Ctrl-C', async () => {
    const stop = new AbortController()
    const stdin = new PassThrough()
    const asked = registryLogin(
      HOST,
      { username: 'me' },
      { env: {}, stdin, clock: systemClock, signal: stop.signal },
    )
    stop.abort(new TallymanError('CANCELLED', 'Ended by SIGINT'))
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(stdin.destroyed).toBe(true)
  })

  test('is refused where a file is not what it should be, and the message names the file and not its secrets', async () => {
    const file = await put('.docker/config.json', 'hunter2')
    const error = await login().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'LOCAL_FILE_INVALID', message: expect.stringContaining(file) })
    expect(String(error)).not.toContain('hunter2')
    await expect(login({ authFile: home })).rejects.toMatchObject({
      code: 'LOCAL_FILE_INVALID',
      message: expect.stringContaining('EISDIR'),
    })
    await put('.docker/config.json', ' '.repeat(1_100_000))
    await expect(login()).rejects.toThrow('longer than 1048576 bytes')
  })
})
