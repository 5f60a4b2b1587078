import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import type { TokenBehaviour } from '#test/harness/registry/token-server.ts'
import { type RegistryAuth, startRegistry } from '#test/harness/registry.ts'
import { runHere } from '#test/harness/registry-commands.ts'
import { StorageWriter } from '#test/harness/storage.ts'

const LOGIN = { username: 'me', password: 'secret' }

describe('what a registry needs', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tallyman-ls-'))
  })

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  async function file(name: string, text: string): Promise<string> {
    await writeFile(path.join(folder, name), text)
    return path.join(folder, name)
  }

  test('TLS with a CA of its own, and credentials of a docker config', async () => {
    const grant: TokenBehaviour['grant'] = ({ name, actions }, account) =>
      account === undefined || name === 'shop/web' ? [] : actions
    const auth: RegistryAuth = { kind: 'token', ...LOGIN, grant }
    const registry = await startRegistry({ version: '3', tls: true, auth })
    try {
      const writer = new StorageWriter(registry.storageDir)
      for (const repository of ['shop/cart', 'shop/web'])
        writer.write(repository, containerImage({ seed: 'cart' }), 'v1')
      const { host, caPem = '' } = registry
      const refused = await runHere(`ls ${host}`)
      expect(refused).toMatchObject({
        code: 1,
        pipe: { out: '', err: expect.stringMatching(/^tallyman: REGISTRY_TLS_UNTRUSTED: .*--ca-file\.\n$/) },
      })
      const ca = `--ca-file ${await file('ca.pem', caPem)}`
      const anonymous = await runHere(`ls ${host} ${ca}`)
      expect(anonymous.pipe.err).toMatch(/^tallyman: REGISTRY_UNAUTHORIZED: .*docker login/)
      const login = await file('config.json', JSON.stringify({ auths: { [host]: LOGIN } }))
      const { code, pipe } = await runHere(`ls ${host} -R -r shop/* -o names ${ca} --auth-file ${login}`)
      expect(code).toBe(3)
      expect(pipe.out).toBe(`${host}/shop/cart:v1\n`)
      expect(pipe.err).toMatch(/^tallyman: shop\/web: denied: /)
    } finally {
      await registry.stop()
    }
  })

  test('a registry that answers, speaks the protocol and lists its repositories is told from what does not', async () => {
    const registry = await startRegistry({ version: '2.8' })
    const proxy = await startFaultProxy({ upstream: registry.url })
    const note = async (words: string) => {
      const { code, pipe } = await runHere(words)
      expect({ code, out: pipe.out }).toEqual({ code: 1, out: '' })
      return pipe.err
    }
    try {
      expect(await note(`ls https://${registry.host}`)).toMatch(/^tallyman: REGISTRY_NOT_TLS: .*http:\/\//)
      proxy.rule({ kind: 'status', status: 404, body: 'page not found' }, { path: '/v2/_catalog' })
      expect(await note(`ls ${proxy.host}`)).toMatch(/^tallyman: REGISTRY_UNSUPPORTED: .*Name a repository/)
      proxy.clear()
      proxy.rule(
        { kind: 'status', status: 403, body: { errors: [{ code: 'DENIED', message: 'admins only' }] } },
        { path: '/v2/_catalog' },
      )
      expect(await note(`count ${proxy.host}`)).toMatch(
        /^tallyman: REGISTRY_FORBIDDEN: The registry does not list its repositories to this account; the tags of one that is named .*admins only/,
      )
      proxy.clear()
      proxy.rule({ kind: 'status', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' })
      expect(await note(`ls ${proxy.host}`)).toMatch(/^tallyman: REGISTRY_NOT_A_REGISTRY: /)
    } finally {
      await proxy.stop()
      await registry.stop()
    }
    expect(await note(`ls ${registry.host}`)).toMatch(/^tallyman: REGISTRY_UNREACHABLE: .*connection refused/)
  })
})

describe('options that contradict each other', () => {
  test.each([
    ['ls r.example/shop/cart -r base', "names a repository, and '--repository'"],
    ['ls r.example --username me', "needs '--password-stdin'"],
    ['ls r.example --password-stdin', "needs '--username <name>'"],
    ['ls https://r.example --plain-http', '--plain-http says the contrary'],
    ['ls r.example --username me --password-stdin --anonymous', 'cannot be used with'],
    ['ls r.example --concurrency 0', 'a whole number from 1 to 256'],
    ['count r.example -o names', 'Allowed choices are table, json, csv'],
  ])('are refused: %s', async (words, message) => {
    await expect(runHere(words)).rejects.toThrow(message)
  })
})
