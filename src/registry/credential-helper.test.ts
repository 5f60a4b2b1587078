import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { credentialFromHelper } from '#registry/credential-helper.ts'
import { systemClock } from '#time/clock.ts'

const HOST = 'registry.example:5000'
const SECRET = 'hunter2'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tallyman-helper-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** A helper of this name that runs these lines of shell. */
async function helper(name: string, lines: string, mode = 0o755): Promise<void> {
  const file = path.join(folder, `docker-credential-${name}`)
  await writeFile(file, `#!/bin/sh\n${lines}\n`)
  await chmod(file, mode)
}

function ask(
  name: string,
  { host = HOST, timeoutMs, signal }: { host?: string; timeoutMs?: number; signal?: AbortSignal } = {},
) {
  const env = { PATH: `${folder}:${process.env.PATH}` }
  return credentialFromHelper(name, host, {
    ...{ clock: systemClock, timeoutMs, env },
    signal: signal ?? new AbortController().signal,
  })
}

describe('a credential helper', () => {
  test('is asked with get for the host, and gives user and password', async () => {
    await helper(
      'good',
      `cat >"${folder}/asked"; echo "$@" >>"${folder}/asked"; echo '{"Username":"me","Secret":"${SECRET}"}'`,
    )
    expect(await ask('good')).toEqual({ kind: 'basic', username: 'me', password: SECRET })
    expect(await readFile(path.join(folder, 'asked'), 'utf8')).toBe(`${HOST}get\n`)
    await ask('good', { host: 'registry-1.docker.io' })
    expect(await readFile(path.join(folder, 'asked'), 'utf8')).toBe('https://index.docker.io/v1/get\n')
  })

  test('gives an identity token under the user <token>', async () => {
    await helper('token', `echo '{"ServerURL":"x","Username":"<token>","Secret":"${SECRET}"}'`)
    expect(await ask('token')).toEqual({ kind: 'identityToken', token: SECRET })
  })

  test.each([
    ['says so', 'echo "credentials not found in native keychain"; exit 1'],
    ['gives nothing', `echo '{"Username":"","Secret":""}'`],
  ])('that does not know the host %s', async (_how, lines) => {
    await helper('unknowing', lines)
    expect(await ask('unknowing')).toBeUndefined()
  })

  test.each([
    ['fails', `echo ${SECRET}; exit 3`, /ended with exit code 3 .*registry\.example:5000/],
    ['is killed', 'kill -9 $$', /ended with a signal/],
    ['answers no JSON', `echo '{"Secret":"${SECRET}'`, /no credential/],
    ['answers something else', `echo '{"password":"${SECRET}"}'`, /no credential/],
    ['answers without end', `exec yes ${SECRET} 2>/dev/null`, /more than 65536 bytes/],
  ])('that %s is named, and nothing of what it said', async (_how, lines, message) => {
    await helper('bad', lines)
    const error = await ask('bad').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'CREDENTIAL_HELPER_FAILED', message: expect.stringMatching(message) })
    expect(String(error)).toContain('echo registry.example:5000 | docker-credential-bad get')
    expect(String(error)).not.toContain(SECRET)
  })

  test('that does not answer is ended at its time limit, and on Ctrl-C', async () => {
    await helper('slow', 'exec sleep 60')
    await expect(ask('slow', { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER_FAILED',
      message: expect.stringContaining('did not answer within 50 ms'),
    })
    const stop = new AbortController()
    const asked = ask('slow', { signal: stop.signal })
    stop.abort(new TallymanError('CANCELLED', 'Ended by SIGINT'))
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  test('that is not installed is named', async () => {
    const error = await ask('nowhere-to-be-found').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'CREDENTIAL_HELPER_MISSING',
      advice: expect.stringMatching(
        /docker-credential-nowhere-to-be-found .*no such program in PATH\. Install it/,
      ),
    })
    await helper('not-executable', 'true', 0o644)
    await expect(ask('not-executable')).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER_FAILED',
      message: expect.stringContaining('EACCES'),
    })
  })

  test.each(['', '../evil', '/bin/sh', 'a/b', 'a b', '-x', '.', 'a\0b', 'x'.repeat(65)])(
    'called %j is no helper, and nothing is started',
    async (name) => {
      await expect(ask(name)).rejects.toMatchObject({ code: 'LOCAL_FILE_INVALID' })
    },
  )
})
