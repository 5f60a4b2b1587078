import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { startTallyman, tallyman } from '#test/harness/tallyman.ts'
import { eventually } from '#test/harness/wait.ts'

const IMAGE = containerImage({ seed: 'app' })
const LOGIN = { username: 'me', password: 'secret' }

let registry: TestRegistry
let home: string

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'tallyman-home-'))
  registry = await startRegistry({ version: '2.8', auth: { kind: 'basic', ...LOGIN } })
  const writer = new StorageWriter(registry.storageDir)
  writer.write('base', IMAGE, '2026')
  writer.write('shop/cart', IMAGE, 'v2', 'v1')
})

afterAll(async () => {
  await registry?.stop()
  await rm(home, { recursive: true, force: true })
})

/** As of a user with nothing but `home`. */
const environment = () => ({
  ...{ HOME: home, DOCKER_CONFIG: home, XDG_RUNTIME_DIR: undefined, REGISTRY_AUTH_FILE: undefined },
  PATH: `${home}:${process.env.PATH}`,
})

describe('tallyman ls and tallyman count', () => {
  test.concurrent('log in with what a credential helper holds, and print the list alone', async () => {
    const helper = path.join(home, 'docker-credential-fake')
    await writeFile(helper, `#!/bin/sh\necho '{"Username":"me","Secret":"secret"}'\n`)
    await chmod(helper, 0o755)
    const config = { credHelpers: { [registry.host]: 'fake', 'other.example': 'absent' } }
    await writeFile(path.join(home, 'config.json'), JSON.stringify(config))
    const [list, absent] = await Promise.all([
      tallyman(['ls', registry.host, '-R', '-o', 'names'], environment()),
      tallyman(['ls', 'other.example'], environment()),
    ])
    const names = ['base:2026', 'shop/cart:v1', 'shop/cart:v2']
    expect(list).toEqual({
      code: 0,
      stdout: names.map((name) => `${registry.host}/${name}\n`).join(''),
      stderr: '',
    })
    expect(absent).toMatchObject({ code: 1, stdout: '' })
    expect(absent.stderr).toMatch(
      /^tallyman: CREDENTIAL_HELPER_MISSING: .*docker-credential-absent .*Install it/,
    )
  })

  test.concurrent('log in with the password on stdin', async () => {
    const words = ['count', registry.host, '-o', 'json', '--username', 'me', '--password-stdin']
    const [right, wrong] = await Promise.all([
      tallyman(words, environment(), 'secret\n'),
      tallyman(words, environment(), 'hunter2\n'),
    ])
    expect(right).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(right.stdout).total).toEqual({ repositories: 2, tags: 3, unread: 0 })
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toMatch(/^tallyman: REGISTRY_UNAUTHORIZED: .* refuses the credentials\./)
    expect(wrong.stderr).not.toContain('hunter2')
  })

  test.concurrent('print what has come, and end at once on Ctrl-C', async () => {
    const proxy = await startFaultProxy({ upstream: registry.url })
    const hold = proxy.hold({ method: 'HEAD', path: '/v2/shop/cart/manifests/v2' })
    try {
      const words = ['ls', proxy.host, '-d', '-o', 'names', '--username', 'me', '--password-stdin']
      const running = startTallyman(words, environment(), 'secret')
      await hold.arrived
      await eventually(() => running.stdout.includes('cart:v1'))
      running.signal('SIGINT')
      expect(await running.result).toEqual({
        code: 130,
        stdout: ['base:2026', 'shop/cart:v1']
          .map((tag) => `${proxy.host}/${tag}@${IMAGE.manifest.digest}\n`)
          .join(''),
        stderr: '',
      })
    } finally {
      hold.release()
      await proxy.stop()
    }
  })

  test.concurrent('say what is wrong with their arguments, and nothing of a password in them', async () => {
    const refused = await tallyman(['ls', 'https://me:hunter2@registry.example'], environment())
    expect(refused).toEqual({
      code: 1,
      stdout: '',
      stderr:
        "error: argument 'registry' is invalid. It holds a user: use --username and --password-stdin.\n",
    })
  })
})
